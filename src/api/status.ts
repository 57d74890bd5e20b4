import { performance } from "node:perf_hooks";
import type { Metrics } from "../core/metrics.ts";
import type { Request, Response } from "./http.ts";

/** One thing the service needs, and how it is. */
export interface Dependency {
  readonly name: string;
  /** Whether the service can do its work without it. */
  readonly needed: boolean;
  /** Resolves with a remark when all is well, rejects with what is wrong. */
  readonly check: () => Promise<string>;
}

const CHECK_MS = 2_000;

/** `/healthz`, `/readyz`, `/metrics` and a signpost at `/`. Answers with false for every other path. */
export function statusDoor(parts: {
  metrics: Metrics;
  dependencies: readonly Dependency[];
  /** What an operator should know even when all is well. */
  remarks: () => readonly string[];
  /** Whether `/` says what there is. */
  signpost?: boolean;
}): (request: Request, response: Response) => boolean {
  return (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0];
    switch (path) {
      case "/healthz":
        text(response, 200, "text/plain; charset=utf-8", "alive\n");
        return true;
      case "/readyz":
        void ready(response, parts.dependencies, parts.remarks());
        return true;
      case "/metrics":
        void parts.metrics.text().then(
          (figures) => text(response, 200, parts.metrics.contentType, figures),
          () => text(response, 500, "text/plain; charset=utf-8", "the figures cannot be read\n"),
        );
        return true;
      case "/":
        if (parts.signpost === false) return false;
        text(response, 200, "text/plain; charset=utf-8", SIGNPOST);
        return true;
      default:
        return false;
    }
  };
}

async function ready(
  response: Response,
  dependencies: readonly Dependency[],
  remarks: readonly string[],
): Promise<void> {
  const checks = await Promise.all(dependencies.map(examine));
  const isReady = checks.every((check) => check.ok || !check.needed);
  const body = { ready: isReady, remarks, checks };
  text(response, isReady ? 200 : 503, "application/json", `${JSON.stringify(body, null, 2)}\n`);
}

async function examine({ name, needed, check }: Dependency) {
  const start = performance.now();
  const late = AbortSignal.timeout(CHECK_MS);
  const tooLate = new Promise<never>((_, reject) => {
    late.addEventListener("abort", () => reject(new Error(`no answer within ${CHECK_MS} ms`)), {
      once: true,
    });
  });
  const outcome = await Promise.race([check(), tooLate]).then(
    (detail) => ({ ok: true, detail }),
    (error: unknown) => ({ ok: false, detail: error instanceof Error ? error.message : String(error) }),
  );
  return { name, needed, ...outcome, latency_ms: Math.round((performance.now() - start) * 10) / 10 };
}

function text(response: Response, status: number, type: string, body: string): void {
  response.statusCode = status;
  response.setHeader("content-type", type);
  response.setHeader("cache-control", "no-store");
  response.end(body);
}

const SIGNPOST = `Code Actions

Services (gRPC, gRPC-Web, Connect; reflection is on):
  codeactions.v1.CodeService  codeactions.v1.RunnerService  codeactions.v1.LogService  codeactions.v1.ProjectService
Codes of type ENDPOINT: /e/{project}/{name} and /action/endpoint/{code_id}
Health: /healthz  /readyz  /metrics
`;
