// The widget in somebody's page: to whom it is there, how it is used, what it is told.
import { chromiumPath, DESKTOP, PHONE, violations } from "@warren/client/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WidgetStage, answered, field, react, say, seen } from "./_kit/widget-stage.ts";

const chromium = chromiumPath();

describe.skipIf(chromium === undefined)("the widget", () => {
  let stage: WidgetStage;
  beforeAll(async () => void (stage = await WidgetStage.open(chromium!)), 120_000);
  afterEach(async () => expect(await stage.clear()).toEqual([]));
  afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

  test.each([
    { name: "a desktop", viewport: DESKTOP },
    { name: "a phone", viewport: PHONE },
  ])("is there for everybody on $name, in both themes", async ({ name, viewport }) => {
    const page = await stage.open({ userId: `all ${name}`, viewport, reducedMotion: "reduce" });
    const inBoth = async (what: string) => {
      for (const colorScheme of ["dark", "light"] as const) {
        await page.emulateMedia({ colorScheme });
        await seen(page, `${name}-${what}-${colorScheme}`);
        expect(await violations(page)).toEqual([]);
      }
    };
    await page.getByText("How can we help?").waitFor();
    await inBoth("empty");
    await say(page, "Show me **code** <img src=x onerror=alert(1)>");
    await answered(page, 1);
    await react(page, "👍");
    await inBoth("talk");
  });

  test("is gone through with the keyboard alone", async () => {
    const page = await stage.visit({ userId: "keys" });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Who are");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("you?");
    await page.keyboard.press("Enter");
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").textContent()).toBe("Who are\nyou?");
    await page.locator(".answer").focus();
    await page.keyboard.press("ArrowUp");
    await page.locator(".row.mine:focus").waitFor();
    await page.keyboard.press("End");
    await page.locator(".answer:focus").waitFor();
    await page.keyboard.press("Tab");
    await page
      .locator(".answer")
      .getByRole("button", { name: "Copy" })
      .and(page.locator(":focus"))
      .waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toContain("**demo model**");
  });

  test("copies also where the page has no clipboard, as over plain http, and says so where it cannot", async () => {
    const page = await stage.open({ userId: "copies" });
    await say(page, "Show me **code**");
    await answered(page, 1);
    await page.evaluate(`Object.defineProperty(navigator, "clipboard", { value: undefined })`);
    const code = page.locator(".code").first();
    await code.getByRole("button", { name: "Copy code" }).click();
    await code.getByRole("button", { name: "Copied" }).and(page.locator(":focus")).waitFor();
    await field(page).press("ControlOrMeta+v");
    const pasted = await field(page).inputValue();
    expect(pasted.trim()).toBe((await code.locator("code").textContent())!.trim());
    await page.evaluate("document.execCommand = () => false");
    await code.getByRole("button", { name: "Copy code" }).click();
    await code.getByRole("button", { name: "Could not be copied" }).waitFor();
    expect(await page.locator("textarea").count()).toBe(1);
  });

  test("tells a screen reader each answer once, when all of it is there", async () => {
    const page = await stage.open({ userId: "listens" });
    const live = page.locator("[role=status][aria-live=polite]");
    // What is read out: whatever changes within.
    await page.evaluate(`
      window.said = [];
      const live = document.querySelector("[data-layout]").shadowRoot.querySelector("[role=status]");
      new MutationObserver((records) => {
        window.said.push(...records.map(({ target }) => target.textContent));
      }).observe(live, { childList: true, characterData: true, subtree: true });
    `);
    await say(page, "Something else");
    await answered(page, 1);
    await live.getByText("I am Warren's demo model").waitFor();
    const said = await page.evaluate<string[]>("window.said");
    expect(said.filter((text) => text.includes("demo model"))).toHaveLength(1);
    expect(said.filter((text) => text === "Thinking")).toHaveLength(1);
    // Read out are the words, not the marks around them.
    expect(said.join()).not.toContain("**");
    expect(await page.locator("[role=log]").getAttribute("aria-live")).toBe("off");
  });

  test("looks the same in a page whose styles are about everything", async () => {
    const page = await stage.visit({ userId: "hostile", guest: true });
    const launcher = page.getByRole("button", { name: "Open chat" });
    const where = async () => JSON.stringify(await launcher.boundingBox());
    const before = await where();
    await page.evaluate(`
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("* { all: unset !important } div { display: none !important; font-size: 99px !important }");
      document.adoptedStyleSheets = [sheet];
    `);
    expect(await where()).toBe(before);
    await launcher.click();
    await page.getByText("How can we help?").waitFor();
    await seen(page, "hostile");
  });

  test("lets a visitor talk, who is the same one after a reload", async () => {
    const page = await stage.open({ userId: "", guest: true });
    await say(page, "Who are you?");
    await answered(page, 1);
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual(["Who are you?"]);
    const kept = await page.evaluate<string[]>("Object.keys(localStorage)");
    expect(kept.filter((key) => key.includes("guest"))).toHaveLength(1);
  });

  test("makes a new visitor of one whom the service does not know any more", async () => {
    const page = await stage.visit({ userId: "", guest: true });
    const url = `http://127.0.0.1:${stage.port}/chat`;
    const kept = { token: "e30.e30.e30", expiresAtMs: Date.now() + 86_400_000 };
    await page.evaluate(
      `localStorage.setItem("warren-chat guest ${url}", ${JSON.stringify(JSON.stringify(kept))})`,
    );
    await page.getByRole("button", { name: "Open chat" }).click();
    await say(page, "Who are you?");
    await answered(page, 1);
  });

  test("lets one choose who answers", async () => {
    const page = await stage.open({ userId: "chooses", attributes: `data-model="slow"` });
    const picker = page.getByRole("combobox", { name: "Model" });
    await expect.poll(() => picker.inputValue()).toBe("slow");
    await say(page, "Who are you?");
    await page.getByRole("article", { name: "Thorough" }).locator("time").waitFor();
    await picker.selectOption("Quick");
    await seen(page, "models");
    expect(await violations(page)).toEqual([]);
    await say(page, "And you?");
    await page.getByRole("article", { name: "Quick" }).locator("time").waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await expect.poll(() => picker.inputValue()).toBe("quick");
  });

  test("is told by its page what to do, also before it is there", async () => {
    const page = await stage.visit({
      userId: "page",
      attributes: `data-accent="#ffd400" data-title="Ask the shop" data-theme="dark" data-position="left"`,
      before: `<script src="/queue.js"></script>`,
    });
    await page.getByRole("heading", { name: "Ask the shop" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await seen(page, "api");
    await say(page, "Who are you?");
    await answered(page, 1);
    const events = () => page.evaluate<string[]>("window.events");
    expect(await events()).toEqual(expect.arrayContaining(["open", "session", "message"]));
    await page.evaluate("WarrenChat.close()");
    await page.getByRole("button", { name: /^Open chat/ }).waitFor();
    await page.evaluate("WarrenChat.destroy()");
    expect(await page.locator("[data-layout=corner]").count()).toBe(0);
    expect((await events()).at(-1)).toBe("close");
  });
});
