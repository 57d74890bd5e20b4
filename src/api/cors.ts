import { cors as connectHeaders } from "@connectrpc/connect";
import type { Request, Response } from "./http.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].join(", ");
const ALLOWED_HEADERS = [
  ...connectHeaders.allowedHeaders,
  "Authorization",
  "X-Request-Id",
  "Traceparent",
].join(", ");
const EXPOSED_HEADERS = [
  ...connectHeaders.exposedHeaders,
  "X-Request-Id",
  "X-Run-Id",
  "Retry-After",
  "RateLimit-Limit",
  "RateLimit-Remaining",
  "RateLimit-Reset",
].join(", ");
const PREFLIGHT_SECONDS = 7200;

/**
 * Lets pages of the allowed origins call. Answers with true when the request was a preflight and is done with; every
 * other request goes on, with the headers that let the page see its answer.
 */
export function allowOrigins(allowed: readonly string[]): (request: Request, response: Response) => boolean {
  const any = allowed.includes("*");
  const origins = new Set(allowed);
  return (request, response) => {
    const { origin } = request.headers;
    // Also where no origin was named: a cache must not hand that answer to a page.
    if (!any) response.setHeader("vary", "Origin");
    if (typeof origin !== "string") return false;
    const mayCall = any || origins.has(origin);
    if (mayCall) {
      response.setHeader("access-control-allow-origin", any ? "*" : origin);
      response.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
    }
    if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined)
      return false;
    if (mayCall) {
      response.setHeader("access-control-allow-methods", METHODS);
      response.setHeader("access-control-allow-headers", ALLOWED_HEADERS);
      response.setHeader("access-control-max-age", PREFLIGHT_SECONDS);
    }
    response.statusCode = 204;
    response.end();
    return true;
  };
}
