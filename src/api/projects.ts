import type { ProjectService } from "../../gen/codeactions/v1/project_service_pb.ts";
import type { Projects } from "../services/projects.ts";
import type { Handlers } from "./handlers.ts";
import { dateOf, given, projectMessage, roleOf, tokenMessage } from "./messages.ts";

export function projectHandlers({ projects }: { projects: Projects }): Handlers<typeof ProjectService> {
  return {
    async createProject({ name, slug, requestId }, call) {
      return { project: projectMessage(await projects.create(call, { name, slug, requestId })) };
    },

    async getProject({ projectId }, call) {
      return { project: projectMessage(await projects.get(call, projectId)) };
    },

    async listProjects({ pageSize, pageToken }, call) {
      const page = await projects.list(call, { size: pageSize, token: pageToken });
      return { projects: page.items.map(projectMessage), nextPageToken: page.nextToken };
    },

    async updateProject({ projectId, etag, name, slug, defaultEgressHosts }, call) {
      const hosts = defaultEgressHosts?.egressHosts;
      const change = { projectId, etag, name, slug, defaultEgressHosts: hosts };
      return { project: projectMessage(await projects.update(call, change)) };
    },

    async deleteProject({ projectId, etag }, call) {
      return { project: projectMessage(await projects.delete(call, { projectId, etag })) };
    },

    async createToken(request, call) {
      const { projectId, name, requestId } = request;
      const role = given(roleOf(request.role));
      const expireTime = dateOf(request.expireTime, "expire_time");
      const { token, secret } = await projects.createToken(call, {
        projectId,
        name,
        role,
        expireTime,
        requestId,
      });
      return { token: tokenMessage(token), secret };
    },

    async listTokens({ projectId, pageSize, pageToken }, call) {
      const page = await projects.listTokens(call, projectId, { size: pageSize, token: pageToken });
      return { tokens: page.items.map(tokenMessage), nextPageToken: page.nextToken };
    },

    async revokeToken({ projectId, tokenId }, call) {
      return { token: tokenMessage(await projects.revokeToken(call, projectId, tokenId)) };
    },
  };
}
