import { Migrator } from "@mikro-orm/migrations";
import { MikroORM } from "@mikro-orm/postgresql";
import { CallbackEntity } from "./entities/callbacks.ts";
import { CodeEntity, CodeVersionEntity, SecretEntity } from "./entities/codes.ts";
import { ProjectEntity, TokenEntity } from "./entities/projects.ts";
import { LogChunkEntity, RunEntity, RunOrderEntity, RunPayloadEntity } from "./entities/runs.ts";
import { ScheduleEntity, ScheduleFireEntity } from "./entities/schedules.ts";
import { InstanceEntity, RequestIdEntity } from "./entities/service.ts";
import { Migration20261123CreateTables } from "./migrations/20261123-create-tables.ts";
import { Migration20261123LimitsAndEgress } from "./migrations/20261123-limits-and-egress.ts";
import { Migration20261128DurableRuns } from "./migrations/20261128-durable-runs.ts";
import { Migration20261128Schedules } from "./migrations/20261128-schedules.ts";
import { ANSWER_MS, bounded, endUnanswered } from "./pool.ts";

/**
 * Opens the ORM; connects on first use. Its connections are its own, apart from the call path's, and wait for an answer as
 * long as said; 0 for ever.
 */
export function openOrm(
  databaseUrl: string,
  connectionsMax: number,
  answerMs = ANSWER_MS,
): Promise<MikroORM> {
  return MikroORM.init({
    clientUrl: databaseUrl,
    entities: [
      ProjectEntity,
      TokenEntity,
      CodeEntity,
      CodeVersionEntity,
      SecretEntity,
      RunEntity,
      RunPayloadEntity,
      RunOrderEntity,
      LogChunkEntity,
      ScheduleEntity,
      ScheduleFireEntity,
      CallbackEntity,
      InstanceEntity,
      RequestIdEntity,
    ],
    extensions: [Migrator],
    migrations: {
      tableName: "migrations",
      snapshot: false,
      transactional: true,
      migrationsList: [
        { name: "20261123-create-tables", class: Migration20261123CreateTables },
        { name: "20261123-limits-and-egress", class: Migration20261123LimitsAndEgress },
        { name: "20261128-durable-runs", class: Migration20261128DurableRuns },
        { name: "20261128-schedules", class: Migration20261128Schedules },
      ],
    },
    // Partitions are made and dropped by the service as days pass; to the ORM each family is one table.
    schemaGenerator: { ignoreSchema: ["partitions"], createForeignKeyConstraints: false },
    forceUtcTimezone: true,
    pool: { min: 0, max: connectionsMax },
    driverOptions: { ...bounded(answerMs), onPoolCreated: endUnanswered },
    debug: false,
    logger: () => {},
  });
}

/** `migrate` over connections that are opened for it: it takes as long as it takes. */
export async function migrateAt(databaseUrl: string): Promise<string[]> {
  const orm = await openOrm(databaseUrl, 2, 0);
  try {
    return await migrate(orm);
  } finally {
    await orm.close(true);
  }
}

/** Brings the database to the newest schema, and answers with the names of the migrations that this took. */
export async function migrate(orm: MikroORM): Promise<string[]> {
  return orm.em.fork().transactional(async (em) => {
    // Two services that start at once must not both migrate: the second waits here and finds the work done.
    await em.execute("select pg_advisory_xact_lock(hashtext('codeactions.migrations'))");
    const done = await orm.migrator.up();
    return done.map((migration) => migration.name);
  });
}
