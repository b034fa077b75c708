// The examples of the chat, as somebody runs them: programs of their own, against a chat of their own.
import { fileURLToPath } from "node:url";
import { chromiumPath, DESKTOP, openBrowser, PHONE, violations } from "@warren/client/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cli } from "./_cli.ts";
import { ChatService, chatToken } from "./_kit/chat-service.ts";
import { testPages } from "./_kit/test-pages.ts";
import { answered, say, seen } from "./_kit/widget-stage.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const chromium = chromiumPath();
const opened = new AsyncDisposableStack();
let service: ChatService;

beforeAll(async () => {
  service = opened.use(await ChatService.start({}, await testPages()));
}, 180_000);
afterAll(() => opened.disposeAsync(), 60_000);

const example = (name: string, ...argv: string[]) =>
  new Cli([process.execPath, `examples/${name}`, ...argv], { env: {}, cwd: ROOT });

test("talk.mjs asks and prints the answer", async () => {
  const url = `ws://127.0.0.1:${service.port}/chat/ws`;
  const cli = example("talk.mjs", url, chatToken("you"), "Who are you?");
  const { code, stdout, stderr } = await cli.ended();
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("Warren");
});

describe.skipIf(chromium === undefined)("widget.mjs", () => {
  test.each([
    { name: "on a desktop", viewport: DESKTOP, colorScheme: "light" as const },
    { name: "on a phone at night", viewport: PHONE, colorScheme: "dark" as const },
  ])("serves a shop whose visitors talk in the corner, $name", async ({ name, ...view }) => {
    await using shop = example("widget.mjs", `http://127.0.0.1:${service.port}/chat`, "0");
    await shop.says(/a shop on http:\/\/localhost:\d+\//);
    const [url = ""] = /http:\/\/\S+/.exec(shop.stdout) ?? [];
    await using browser = await openBrowser(chromium!);
    const page = await browser.page(view);
    await page.goto(url);
    await page.getByRole("button", { name: "Open chat" }).click();
    await page.getByRole("dialog", { name: "Chat" }).getByText("Ask the shop").first().waitFor();
    await say(page, "Who are you?");
    await answered(page, 1);
    await page.locator(".answer").getByText("Warren").first().waitFor();
    expect(await violations(page)).toEqual([]);
    await seen(page, `example ${name}`);
    expect(browser.errors).toEqual([]);
  });
});
