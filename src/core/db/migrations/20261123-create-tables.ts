import { Migration } from "@mikro-orm/migrations";

/**
 * All tables of the first release. The three that grow with every run are partitioned by day on the run's UUIDv7;
 * each has a default partition, so that a run whose day has none yet is stored all the same.
 */
export class Migration20261123CreateTables extends Migration {
  override up(): void {
    this.addSql(`create table projects (
      id uuid not null primary key,
      name varchar(255) not null,
      slug varchar(63) not null,
      revision int not null default 1,
      create_time timestamptz(3) not null,
      update_time timestamptz(3) not null,
      delete_time timestamptz(3) null
    )`);
    this.addSql("create unique index projects_slug on projects (slug) where delete_time is null");

    this.addSql(`create table tokens (
      id uuid not null primary key,
      project_id uuid null,
      name varchar(255) not null,
      role varchar(16) not null,
      secret_sha256 bytea not null,
      create_time timestamptz(3) not null,
      expire_time timestamptz(3) null,
      revoke_time timestamptz(3) null,
      constraint tokens_secret unique (secret_sha256)
    )`);
    this.addSql("create index tokens_project on tokens (project_id, id)");

    this.addSql(`create table codes (
      id uuid not null primary key,
      project_id uuid not null,
      name varchar(255) not null,
      slug varchar(63) not null,
      description text not null,
      labels jsonb not null,
      type varchar(16) not null,
      language varchar(16) not null,
      active_version int not null,
      newest_version int not null,
      timeout_ms int not null,
      memory_limit_bytes bigint not null,
      max_concurrency int not null,
      rate_limit_requests int null,
      rate_limit_window_ms int null,
      environment jsonb not null,
      endpoint_auth varchar(16) not null,
      record_payloads varchar(16) not null,
      revision int not null default 1,
      create_time timestamptz(3) not null,
      update_time timestamptz(3) not null,
      delete_time timestamptz(3) null
    )`);
    this.addSql("create index codes_project on codes (project_id, id)");
    this.addSql("create unique index codes_slug on codes (project_id, slug) where delete_time is null");

    this.addSql(`create table code_versions (
      code_id uuid not null,
      number int not null,
      source text not null,
      source_sha256 varchar(64) not null,
      source_bytes int not null,
      create_time timestamptz(3) not null,
      created_by varchar(255) not null,
      primary key (code_id, number)
    )`);

    this.addSql(`create table secrets (
      project_id uuid not null,
      name varchar(255) not null,
      sealed bytea not null,
      key_id varchar(16) not null,
      create_time timestamptz(3) not null,
      update_time timestamptz(3) not null,
      primary key (project_id, name)
    )`);

    this.addSql(`create table request_ids (
      project_id uuid not null,
      request_id uuid not null,
      fingerprint bytea not null,
      resource_id uuid not null,
      create_time timestamptz(3) not null,
      primary key (project_id, request_id)
    )`);
    this.addSql("create index request_ids_time on request_ids (create_time)");

    this.addSql(`create table instances (
      id uuid not null primary key,
      host text not null,
      pid int not null,
      start_time timestamptz(3) not null,
      lease_until timestamptz(3) not null
    )`);

    this.addSql(`create table runs (
      id uuid not null primary key,
      project_id uuid not null,
      code_id uuid null,
      version int not null,
      trigger varchar(16) not null,
      status varchar(16) not null,
      attempt int not null,
      owner uuid null,
      create_time timestamptz(3) not null,
      start_time timestamptz(3) null,
      end_time timestamptz(3) null,
      error_kind text null,
      error_message text null,
      error_traceback text null,
      queue_us bigint null,
      start_us bigint null,
      wall_us bigint null,
      cpu_us bigint null,
      peak_memory_bytes bigint null,
      log_entries bigint null,
      cold boolean null
    ) partition by range (id)`);
    this.addSql("create index runs_project on runs (project_id, id)");
    this.addSql("create index runs_code on runs (code_id, id)");
    this.addSql("create index runs_owner on runs (owner) where status in ('QUEUED', 'RUNNING')");

    this.addSql(`create table run_payloads (
      run_id uuid not null primary key,
      method text not null,
      path text not null,
      query jsonb not null,
      headers jsonb not null,
      body bytea not null,
      result_status_code int null,
      result_content_type text null,
      result_headers jsonb null,
      result_body bytea null
    ) partition by range (run_id)`);

    this.addSql(`create table log_chunks (
      run_id uuid not null,
      first_sequence bigint not null,
      entries int not null,
      project_id uuid not null,
      code_id uuid null,
      version int not null,
      attempt int not null,
      writer uuid not null,
      position bigint not null,
      min_time_us bigint not null,
      max_time_us bigint not null,
      max_level int not null,
      streams int not null,
      heads bytea not null,
      text text not null,
      primary key (run_id, first_sequence)
    ) partition by range (run_id)`);
    this.addSql("create index log_chunks_project on log_chunks (project_id, position)");
    this.addSql("create index log_chunks_code on log_chunks (code_id, position)");

    this.addSql("create schema partitions");
    for (const table of ["runs", "run_payloads", "log_chunks"]) {
      this.addSql(`create table partitions.${table}_default partition of ${table} default`);
    }
  }

  override down(): void {
    for (const table of [
      "log_chunks",
      "run_payloads",
      "runs",
      "instances",
      "request_ids",
      "secrets",
      "code_versions",
      "codes",
      "tokens",
      "projects",
    ]) {
      this.addSql(`drop table ${table}`);
    }
    this.addSql("drop schema partitions");
  }
}
