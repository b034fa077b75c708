import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runningChat, temporaryFolder } from "./_running-chat.ts";

const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());

const SCRIPT = "console.log('a page')\n".repeat(100);

/** Folders as a build leaves them, with a file of the house beside them. */
async function builtFolders() {
  const { path } = opened.use(await temporaryFolder());
  const pages = join(path, "pages");
  const widget = join(path, "widget");
  await mkdir(join(pages, "assets"), { recursive: true });
  await mkdir(widget);
  await Promise.all([
    ...["sessions", "chat", "admin", "shared"].map((name) =>
      writeFile(join(pages, `${name}.html`), `<!doctype html><title>${name}</title>`),
    ),
    writeFile(join(pages, "assets/page-3f2a.js"), SCRIPT),
    writeFile(join(pages, "assets/page.js.map"), "{}"),
    writeFile(join(widget, "widget.js"), SCRIPT),
    writeFile(join(path, "secret.js"), "of the house"),
  ]);
  return { pages, widget };
}

async function served(given: Parameters<typeof runningChat>[0] = {}) {
  const { chat } = opened.use(await runningChat({ pages: await builtFolders(), ...given }));
  const { port } = chat;
  return {
    port,
    get: (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init }),
  };
}

/** Sends a path as it is: `fetch` would clean it first. */
function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, path }, (answer) => resolve(answer.resume().statusCode))
      .on("error", reject)
      .end();
  });
}

describe("the pages", () => {
  let at: Awaited<ReturnType<typeof served>>;
  beforeAll(async () => {
    at = await served();
  });

  test.each([
    { name: "the root", path: "/", to: "/chat/" },
    { name: "the prefix", path: "/chat", to: "/chat/sessions.html" },
    { name: "the prefix with a slash", path: "/chat/", to: "/chat/sessions.html" },
    { name: "the prefix of old", path: "/chatbox/", to: "/chatbox/sessions.html" },
  ])("are led to from $name", async ({ path, to }) => {
    const { status, headers } = await at.get(path);
    expect({ status, to: headers.get("location") }).toEqual({ status: 302, to });
  });

  test.each(["sessions", "chat", "admin", "shared"])(
    "%s allows nothing inline, nothing evaluated and no frame around it",
    async (name) => {
      const { status, headers } = await at.get(`/chat/${name}.html`);
      expect(status).toBe(200);
      const policy = headers.get("content-security-policy");
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(Object.fromEntries(headers)).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
      });
    },
  );

  test("what they load is kept for ever, and is compressed", async () => {
    const asked = { headers: { "accept-encoding": "br" } };
    const answer = await at.get("/chat/assets/page-3f2a.js", asked);
    expect(await answer.text()).toBe(SCRIPT);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "br",
      vary: expect.stringContaining("Accept-Encoding"),
    });
  });

  test("are not sent again to who has them", async () => {
    const { headers } = await at.get("/chat/chat.html");
    const asked = { headers: { "if-none-match": headers.get("etag")! } };
    const again = await at.get("/chat/chat.html", asked);
    expect(again.status).toBe(304);
    expect(again.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("answer a question about them without themselves", async () => {
    const answer = await at.get("/chat/chat.html", { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });

  test("are told whether somebody without a token may come in", async () => {
    expect(await (await at.get("/chat/pages.json")).json()).toEqual({ guests: true });
  });

  test.each([
    "/chat/../secret.js",
    "/chat/assets/../../secret.js",
    "/chat/assets/%2e%2e/%2e%2e/secret.js",
    "/chat/assets/..%2f..%2fsecret.js",
    "/chat/assets/..%5c..%5csecret.js",
    "/chat//etc/passwd",
    "/chat/assets/page.js.map",
    "/chat/assets/",
    "/chat/__proto__",
  ])("%s is nothing of theirs", async (path) => {
    expect(await statusOf(at.port, path)).toBe(404);
  });

  test.each(["/widget.js", "/chat/widget.js", "/chatbox/widget.js"])(
    "%s may be loaded by every site",
    async (path) => {
      const answer = await at.get(path, { headers: { origin: "http://localhost:3000" } });
      expect(await answer.text()).toBe(SCRIPT);
      const { headers } = answer;
      expect(Object.fromEntries(headers)).toMatchObject({
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "cache-control": expect.stringContaining("max-age=300"),
      });
      expect(headers.has("access-control-allow-credentials")).toBe(false);
    },
  );
});

test("a user's pages may be framed by the sites that are listed, an admin's by none", async () => {
  const at = await served({ framedBy: ["https://shop.example.com"] });
  const policies = async (name: string) => {
    const { headers } = await at.get(`/chat/${name}.html`);
    const [, ancestors] = /frame-ancestors (.*)$/.exec(headers.get("content-security-policy")!)!;
    return [ancestors, headers.get("x-frame-options")];
  };
  expect(await policies("chat")).toEqual(["https://shop.example.com", null]);
  expect(await policies("sessions")).toEqual(["https://shop.example.com", null]);
  expect(await policies("admin")).toEqual(["'none'", "DENY"]);
  expect(await policies("shared")).toEqual(["'none'", "DENY"]);
});

test("without a prefix they are at the root", async () => {
  const at = await served({ prefix: "/" });
  expect((await at.get("/")).headers.get("location")).toBe("/sessions.html");
  expect((await at.get("/chat.html")).status).toBe(200);
  expect((await at.get("/widget.js")).status).toBe(200);
});

test("where none are served, there are none", async () => {
  const at = await served({ pages: undefined });
  for (const path of ["/", "/chat/", "/chat/sessions.html", "/widget.js"]) {
    expect((await at.get(path)).status).toBe(404);
  }
});
