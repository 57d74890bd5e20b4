import { Migration } from "@mikro-orm/migrations";

/** Limits beyond time and memory, the hosts that codes may reach, and whether their workers are kept. */
export class Migration20261123LimitsAndEgress extends Migration {
  override up(): void {
    this.addSql(`alter table codes
      add column limits jsonb not null default '{}',
      add column egress_hosts jsonb not null default '[]',
      add column isolation varchar(16) not null default 'WARM'`);
    this.addSql("alter table projects add column default_egress_hosts jsonb not null default '[]'");
    // What is written from now on says it itself.
    this.addSql(`alter table codes
      alter column limits drop default,
      alter column egress_hosts drop default,
      alter column isolation drop default`);
    this.addSql("alter table projects alter column default_egress_hosts drop default");
  }

  override down(): void {
    this.addSql("alter table codes drop column limits, drop column egress_hosts, drop column isolation");
    this.addSql("alter table projects drop column default_egress_hosts");
  }
}
