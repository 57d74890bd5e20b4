import { Migrator } from "@mikro-orm/migrations";
import { MikroORM } from "@mikro-orm/postgresql";
import { CodeEntity, CodeVersionEntity, SecretEntity } from "./entities/codes.ts";
import { ProjectEntity, TokenEntity } from "./entities/projects.ts";
import { LogChunkEntity, RunEntity, RunPayloadEntity } from "./entities/runs.ts";
import { InstanceEntity, RequestIdEntity } from "./entities/service.ts";
import { Migration20261123CreateTables } from "./migrations/20261123-create-tables.ts";

/** Opens the ORM; connects on first use. Its connections are its own, apart from the call path's. */
export function openOrm(databaseUrl: string, connectionsMax: number): Promise<MikroORM> {
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
      LogChunkEntity,
      InstanceEntity,
      RequestIdEntity,
    ],
    extensions: [Migrator],
    migrations: {
      tableName: "migrations",
      snapshot: false,
      transactional: true,
      migrationsList: [{ name: "20261123-create-tables", class: Migration20261123CreateTables }],
    },
    // Partitions are made and dropped by the service as days pass; to the ORM each family is one table.
    schemaGenerator: { ignoreSchema: ["partitions"], createForeignKeyConstraints: false },
    forceUtcTimezone: true,
    pool: { min: 0, max: connectionsMax },
    debug: false,
    logger: () => {},
  });
}

/** Two services that start at once must not both migrate: the second waits here and finds the work done. */
const MIGRATION_LOCK = 0x0c0de_ac71n;

/** Brings the database to the newest schema. Safe to call from several processes at once. */
export async function migrate(orm: MikroORM): Promise<string[]> {
  const connection = orm.em.getConnection();
  return orm.em.fork().transactional(async (em) => {
    await em.execute(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    if (!(await connection.isConnected())) throw new Error("the database closed the connection during a migration");
    const done = await orm.migrator.up();
    return done.map((migration) => migration.name);
  });
}
