/** Somebody's web page with the widget in it, under a strict policy, and the widget's bundle as it ships. */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { chatToken } from "./chat-service.ts";

const CLIENT = fileURLToPath(new URL("../../../client/", import.meta.url));

/** The one script, built as `vite build packages/client` does, kept in memory. */
export async function buildWidget(): Promise<string> {
  const built = await build({
    root: CLIENT,
    configFile: `${CLIENT}vite.config.ts`,
    logLevel: "silent",
    build: { write: false },
  });
  const outputs = [built].flat().flatMap((one) => ("output" in one ? one.output : []));
  const script = outputs.find((one) => one.fileName === "widget.js");
  if (script?.type !== "chunk" || outputs.length !== 1) throw new Error("expected one script");
  return script.code;
}

export interface WidgetPageOptions {
  widget: string;
  /** Of the chat's service. */
  port: number;
  /** More of the script line. */
  attributes?: string;
  /** Between the page's own words and the script line. */
  before?: string;
  /** Nobody says who it is. */
  guest?: boolean;
}

export interface WidgetPage extends AsyncDisposable {
  /** Of the page of a user, for whom the page's own server makes tokens. */
  url(userId: string): string;
}

/** What a page says to a widget that is not there yet. */
const QUEUE = `
  window.events = [];
  window.WarrenChat = [["setContext", { page: "/shop" }], ["open"]];
  for (const name of ["open", "close", "session", "message"]) {
    window.WarrenChat.unshift(["on", name, () => window.events.push(name)]);
  }
`;

/** Serves it on a free port. */
export async function startWidgetPage(options: WidgetPageOptions): Promise<WidgetPage> {
  const { widget, port } = options;
  const chat = `http://127.0.0.1:${port}`;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://page");
    const userId = searchParams.get("user") ?? "alice";
    switch (pathname) {
      case "/widget.js":
        return void response.setHeader("content-type", "text/javascript").end(widget);
      case "/queue.js":
        return void response.setHeader("content-type", "text/javascript").end(QUEUE);
      case "/token":
        return void response
          .setHeader("content-type", "application/json")
          .end(JSON.stringify({ token: chatToken(userId) }));
      case "/":
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.setHeader("content-security-policy", policyFor(chat));
        return void response.end(pageOf(options, chat, userId));
      default:
        response.statusCode = 404;
        response.end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: (userId) => `${own}/?user=${encodeURIComponent(userId)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** No inline styles, no inline scripts, nothing of strangers. */
function policyFor(chat: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${chat} ${chat.replace("http", "ws")}`,
    `img-src ${chat}`,
    `media-src ${chat}`,
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

function pageOf(options: WidgetPageOptions, chat: string, user: string) {
  const { attributes = "", before = "", guest = false } = options;
  const token = guest ? "" : `data-token-url="/token?user=${encodeURIComponent(user)}"`;
  return `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"><title>Shop</title></head>
  <body>
    <main><h1>A shop</h1><p>Things to buy, and somebody to ask about them.</p></main>
    ${before}
    <script src="/widget.js" data-url="${chat}/chat" ${token} ${attributes}></script>
  </body>
</html>`;
}
