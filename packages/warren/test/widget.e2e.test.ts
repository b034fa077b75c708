// The widget in somebody's page, in a real browser, against the chat itself. The page's policy is strict: whatever
// it refuses fails the tests.
import {
  chromiumPath,
  DESKTOP,
  openBrowser,
  PHONE,
  violations,
  type BrowserPage,
  type TestBrowser,
  type ViewOptions,
} from "@warren/client/testing";
import { createChat, memoryStorage, type ChatClient } from "@warren/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ChatService, chatToken } from "./_kit/chat-service.ts";
import { buildWidget, startWidgetPage, type WidgetPageOptions } from "./_kit/widget-page.ts";

const chromium = chromiumPath();

describe.skipIf(chromium === undefined)("the widget", { timeout: 60_000 }, () => {
  let browser: TestBrowser;
  let service: ChatService;
  let widget: string;
  const opened = new AsyncDisposableStack();
  beforeAll(async () => {
    [browser, service, widget] = await Promise.all([
      openBrowser(chromium!),
      ChatService.start(),
      buildWidget(),
    ]);
    opened.use(service);
    opened.use(browser);
  }, 120_000);
  afterAll(() => opened.disposeAsync(), 60_000);
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
    expect(browser.errors).toEqual([]);
  });

  interface Given extends ViewOptions, Partial<Omit<WidgetPageOptions, "widget" | "port">> {
    userId: string;
  }
  async function visit({ userId, attributes = "", before = "", ...view }: Given) {
    const host = await startWidgetPage({ widget, port: service.port, attributes, before });
    const page = await browser.page(view);
    closing.push(
      () => page.context().close(),
      async () => await host[Symbol.asyncDispose](),
    );
    await page.goto(host.url(userId));
    return page;
  }
  async function open(given: Given) {
    const page = await visit(given);
    await page.getByRole("button", { name: "Open chat" }).click();
    return page;
  }
  /** Somebody with a client of their own: an admin, or the same user elsewhere. */
  function clientOf(userId: string, role: "user" | "admin"): ChatClient {
    const roles = role === "admin" ? ["admin"] : [];
    const client = createChat({
      url: `http://127.0.0.1:${service.port}/chat/ws`,
      token: async () => chatToken(userId, { roles }),
      role,
      storage: memoryStorage(),
    });
    client.connect();
    closing.push(() => client.close());
    return client;
  }
  async function admin(path: string): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${service.port}/chat/admin/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${chatToken("bob", { roles: ["admin"] })}` },
    });
    expect(answer.status).toBe(200);
  }
  async function sessionOf(page: BrowserPage, userId: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${service.port}/chat/sessions`, {
      headers: { authorization: `Bearer ${chatToken(userId)}` },
    });
    const { sessions } = (await answer.json()) as { sessions: { id: string }[] };
    return sessions[0]!.id;
  }

  test.each([
    { name: "a desktop, light", view: { viewport: DESKTOP, colorScheme: "light" as const } },
    { name: "a desktop, dark", view: { viewport: DESKTOP, colorScheme: "dark" as const } },
    { name: "a phone, light", view: { viewport: PHONE, colorScheme: "light" as const } },
    { name: "a phone, dark", view: { viewport: PHONE, colorScheme: "dark" as const } },
  ])("is there for everybody on $name", async ({ name, view }) => {
    const file = `/tmp/widget-${name.replaceAll(/\W+/g, "-")}`;
    const page = await open({ userId: `all ${name}`, ...view, reducedMotion: "reduce" });
    await page.getByText("How can we help?").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: `${file}-empty.png` });
    await say(page, "Hello! Show me **code** <img src=x onerror=alert(1)>");
    await answered(page, 1);
    await react(page, "👍");
    await say(page, "and a table, please");
    await answered(page, 2);
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: `${file}-talk.png` });
  });
});

function field(page: BrowserPage) {
  return page.getByRole("textbox", { name: "Write a message" });
}
async function say(page: BrowserPage, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}
/** Whole answers in the thread. */
async function answered(page: BrowserPage, count: number): Promise<void> {
  await page
    .locator(".answer time")
    .nth(count - 1)
    .waitFor();
}
async function react(page: BrowserPage, emoji: string): Promise<void> {
  const row = page.locator(".row.mine").last();
  await row.hover();
  await row.getByRole("button", { name: "React" }).click();
  await row.getByRole("button", { name: emoji, exact: true }).click();
  await row.getByRole("button", { name: `${emoji}, 1` }).waitFor();
}
