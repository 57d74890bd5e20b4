import type { Schedule } from "../../../typescript/src/node.ts";
import { Failure } from "../failure.ts";
import { isId, type Service } from "../service.ts";
import { shown } from "../terminal.ts";

const LISTED_MAX = 10;

/** The schedule with this id, or the only one of the project with this name. */
export async function findSchedule(
  service: Service,
  nameOrId: string,
  signal: AbortSignal,
): Promise<Schedule> {
  const { client } = service;
  const read = async (scheduleId: string) =>
    (await client.runs.getSchedule({ scheduleId }, { signal })).schedule!;
  if (isId(nameOrId)) return read(nameOrId);
  const { id: projectId, slug } = await service.project();
  const named: string[] = [];
  const others: string[] = [];
  const request = { scope: { case: "projectId", value: projectId } } as const;
  for await (const { id, name } of client.listAllSchedules(request, { signal }))
    if (name === nameOrId) named.push(id);
    else if (others.length < LISTED_MAX) others.push(shown(name));
  const [only] = named;
  if (only !== undefined && named.length === 1) return read(only);
  if (named.length > 1)
    throw new Failure(`${named.length} schedules are called "${nameOrId}"; say which: ${named.join(", ")}`);
  throw new Failure(
    others.length === 0
      ? `the project ${slug} has no schedules yet; codeactions schedules create <code> makes one`
      : `the project ${slug} has no schedule "${nameOrId}"; it has ${others.join(", ")}`,
  );
}
