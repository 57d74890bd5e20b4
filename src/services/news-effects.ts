import type { Quarantines } from "../runner/quarantine.ts";
import type { Catalog } from "./catalog.ts";
import type { Execution } from "./execution.ts";
import type { LogBus } from "./log-bus.ts";
import type { News, NewsItem, NewsListener } from "./news.ts";
import type { Projects } from "./projects.ts";
import type { Secrets } from "./secrets.ts";

/** What the news of other services does here: each part forgets what is no longer so, or does what is asked of it. */
export function newsEffects(parts: {
  catalog: Catalog;
  projects: Projects;
  secrets: Secrets;
  execution: Execution;
  bus: LogBus;
  quarantines: Quarantines;
  tell: News["tell"];
}): NewsListener {
  const { catalog, projects, secrets, execution, bus, quarantines, tell } = parts;
  return {
    heard(item: NewsItem) {
      switch (item.kind) {
        case "code":
          return item.isDeleted ? catalog.forgetDeleted(item.codeId) : catalog.forgetCode(item.codeId);
        case "project":
          catalog.forgetAll();
          return projects.forgetCallers();
        case "secrets":
          return secrets.forget(item.projectId);
        case "tokens":
          return projects.forgetCallers();
        case "cancel":
          return execution.find(item.runId)?.cancel(item.reason);
        case "quarantine":
          return quarantines.hear(item.quarantine);
      }
    },
    greeted() {
      for (const quarantine of quarantines.list())
        void tell({ kind: "quarantine", quarantine: { kind: "QUARANTINED", quarantine } });
    },
    missed() {
      catalog.forgetAll();
      projects.forgetCallers();
      secrets.forgetAll();
      bus.lookAgain("everything");
    },
    committed: (chunks) => bus.heard(chunks),
    lookAgain: (what) => bus.lookAgain(what),
  };
}
