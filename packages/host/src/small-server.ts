import { createServer, type RequestListener, type Server } from "node:http";

const LIMIT_MS = 10_000;

/**
 * An HTTP server for probes and operators: what is asked and answered is small, so whoever takes 10 s
 * to ask, or reads nothing of its answer for as long, is cut off. Few connections are held, and those
 * who hold them may not keep a balancer's check out.
 */
export function smallServer(listener: RequestListener, mostConnections: number): Server {
  const limits = {
    maxHeaderSize: 16_384,
    headersTimeout: LIMIT_MS,
    requestTimeout: LIMIT_MS,
    keepAliveTimeout: LIMIT_MS / 2,
    // Node looks at the first two every 30 s unless told otherwise.
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(limits, listener);
  server.timeout = LIMIT_MS;
  server.maxConnections = mostConnections;
  return server;
}
