import { Migration } from "@mikro-orm/migrations";

/** Schedules with their times, and callbacks of durable runs. */
export class Migration20261128Schedules extends Migration {
  override up(): void {
    this.addSql(`create table schedules (
      id uuid not null primary key,
      project_id uuid not null,
      code_id uuid not null,
      name varchar(255) not null,
      cron varchar(255) not null,
      time_zone varchar(64) not null,
      overlap varchar(8) not null,
      catch_up_ms bigint not null,
      paused boolean not null,
      version int not null,
      method text not null,
      path text not null,
      query jsonb not null,
      headers jsonb not null,
      body bytea not null,
      timeout_ms int null,
      retry_policy jsonb not null,
      idempotent boolean not null,
      callback_url text null,
      callback_secret varchar(255) null,
      revision int not null default 1,
      create_time timestamptz(3) not null,
      update_time timestamptz(3) not null,
      next_fire_time timestamptz(3) null,
      waiting_fire_time timestamptz(3) null,
      last_fire_time timestamptz(3) null,
      last_run_id uuid null,
      last_skipped_because text null
    )`);
    this.addSql("create index schedules_project on schedules (project_id, id)");
    this.addSql("create index schedules_code on schedules (code_id, id)");
    this.addSql("create index schedules_due on schedules (next_fire_time) where next_fire_time is not null");
    this.addSql("create index schedules_waiting on schedules (id) where waiting_fire_time is not null");

    this.addSql(`create table schedule_fires (
      schedule_id uuid not null,
      fire_time timestamptz(3) not null,
      run_id uuid null,
      skipped_because text null,
      ended boolean not null,
      primary key (schedule_id, fire_time)
    )`);
    this.addSql("create index schedule_fires_open on schedule_fires (schedule_id) where not ended");
    this.addSql("create index schedule_fires_time on schedule_fires (fire_time)");

    this.addSql(`create table callbacks (
      run_id uuid not null primary key,
      project_id uuid not null,
      url text not null,
      secret varchar(255) not null,
      delivery_id uuid not null,
      status varchar(16) not null,
      tries_made int not null,
      tries jsonb not null,
      next_time timestamptz(3) null
    )`);
    this.addSql(
      "create index callbacks_pending on callbacks (project_id, next_time) where status = 'PENDING'",
    );
    this.addSql("create index callbacks_waiting on callbacks (run_id) where status = 'WAITING'");
  }

  override down(): void {
    for (const table of ["callbacks", "schedule_fires", "schedules"]) this.addSql(`drop table ${table}`);
  }
}
