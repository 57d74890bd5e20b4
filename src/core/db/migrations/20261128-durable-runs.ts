import { Migration } from "@mikro-orm/migrations";

/** When a waiting run may begin, and what durable runs are asked for beside their input. */
export class Migration20261128DurableRuns extends Migration {
  override up(): void {
    this.addSql("alter table runs add column due_time timestamptz(3) null");
    this.addSql("create index runs_due on runs (project_id, due_time) where due_time is not null");
    this.addSql(`create table run_orders (
      run_id uuid not null primary key,
      version int not null,
      timeout_ms int null,
      retry_policy jsonb not null,
      idempotent boolean not null,
      record_payloads varchar(16) not null,
      schedule_id uuid null,
      replay_of uuid null,
      earlier_attempts jsonb not null
    ) partition by range (run_id)`);
    this.addSql(
      "create index run_orders_schedule on run_orders (schedule_id, run_id) where schedule_id is not null",
    );
    this.addSql("create table partitions.run_orders_default partition of run_orders default");
  }

  override down(): void {
    this.addSql("drop table run_orders");
    this.addSql("alter table runs drop column due_time");
  }
}
