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
      ChatService.start(MODELS),
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
  async function visit({ userId, attributes, before, guest, ...view }: Given) {
    const host = await startWidgetPage({
      widget,
      port: service.port,
      attributes: attributes ?? "",
      before: before ?? "",
      guest: guest ?? false,
    });
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
  async function sessionOf(userId: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${service.port}/chat/sessions`, {
      headers: { authorization: `Bearer ${chatToken(userId)}` },
    });
    const { sessions } = (await answer.json()) as { sessions: { id: string }[] };
    return sessions[0]!.id;
  }

  test.each([
    { name: "a desktop", viewport: DESKTOP },
    { name: "a phone", viewport: PHONE },
  ])("is there for everybody on $name, in both themes", async ({ name, viewport }) => {
    const page = await open({ userId: `all ${name}`, viewport, reducedMotion: "reduce" });
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

  test("stops an answer, goes on with it, and writes another one", async () => {
    const page = await open({ userId: "stops" });
    await say(page, "Hello! Tell me all that you can do.");
    await page.locator(".running").getByText("Ask me").waitFor();
    await page.getByRole("button", { name: "Stop answering" }).click();
    await page.getByText("Stopped", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Continue", exact: true }).click();
    await page.locator(".answer").getByText("what did I say?").waitFor();
    await page.getByText("2 / 2").waitFor();
    await page.getByRole("button", { name: "Previous version" }).click();
    await page.getByText("Stopped", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Regenerate" }).click();
    await page.getByText("3 / 3").waitFor();
    expect(await page.locator(".answer").count()).toBe(1);
  });

  test("shows what it will do to a message, and does it: reply, edit, delete", async () => {
    const page = await open({ userId: "changes" });
    await say(page, "First");
    await answered(page, 1);
    const first = page.locator(".row.mine").first();
    await first.hover();
    await first.getByRole("button", { name: "Reply" }).click();
    await page.getByText("Replying to yourself").waitFor();
    await seen(page, "reply");
    await say(page, "Second, about the first");
    await page.locator(".row.mine .quote").getByText("First").waitFor();
    await answered(page, 2);
    await field(page).press("ArrowUp");
    await page.getByText("Editing a message").waitFor();
    expect(await field(page).inputValue()).toBe("Second, about the first");
    await say(page, "Second, said better");
    await page.locator(".bubble").getByText("Second, said better").waitFor();
    await page.getByText("edited", { exact: true }).waitFor();
    await first.hover();
    await first.getByRole("button", { name: "Delete" }).click();
    await first.getByRole("button", { name: "Delete", exact: true }).click();
    await first.getByText("This message was deleted").waitFor();
    await seen(page, "changed");
  });

  test("keeps what is said without a network, says so, and sends it afterwards", async () => {
    const page = await open({ userId: "offline" });
    await say(page, "before");
    await answered(page, 1);
    await page.context().setOffline(true);
    await say(page, "in the tunnel");
    await page.locator(".row.mine.queued").getByText("in the tunnel").waitFor();
    await page.getByText("You are offline. Messages will be sent when you are back.").waitFor();
    await seen(page, "offline");
    expect(await violations(page)).toEqual([]);
    await page.context().setOffline(false);
    await answered(page, 2);
    expect(await page.locator(".banner").count()).toBe(0);
    expect(await page.locator(".row.mine.queued").count()).toBe(0);
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await answered(page, 2);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual([
      "before",
      "in the tunnel",
    ]);
  });

  test("asks for a person, shows who came and what they say, and when they leave", async () => {
    const page = await open({ userId: "helped" });
    await page.getByRole("button", { name: "Talk to a human" }).click();
    await page.locator(".row.mine").getByText("I would like to talk to a human.").waitFor();
    await page.getByText("A person was asked to join. They will answer here.").waitFor();
    await answered(page, 1);
    const id = await sessionOf("helped");
    await admin(`takeover/${id}`);
    await page.getByText("bob joined the conversation").waitFor();
    await page.getByText("bob answers here").waitFor();
    const person = clientOf("bob", "admin");
    const theirs = person.session(id);
    theirs.on("change", () => theirs.markRead());
    theirs.send("Of course. **Which** order?");
    await page.locator(".row.theirs strong").getByText("Which").waitFor();
    await page.locator(".row.mine .state.read").waitFor();
    await seen(page, "person");
    expect(await violations(page)).toEqual([]);
    await say(page, "This one");
    await page.locator(".row.mine.sent, .row.mine.delivered, .row.mine.read").nth(1).waitFor();
    expect(await page.locator(".answer").count()).toBe(1);
    await admin(`leave/${id}`);
    await page.getByText("bob answers here").waitFor({ state: "detached" });
    await say(page, "Are you back?");
    await answered(page, 2);
  });

  test("counts what came while it was closed, and shows where that begins", async () => {
    const page = await open({ userId: "unread" });
    await say(page, "Who are you?");
    await answered(page, 1);
    await page.keyboard.press("Escape");
    const launcher = page.getByRole("button", { name: /^Open chat/ });
    await launcher.waitFor();
    expect(await launcher.evaluate((element) => element.matches(":focus"))).toBe(true);
    const elsewhere = clientOf("unread", "user");
    elsewhere.session().send("from another device");
    await page.getByRole("button", { name: "Open chat, 1 unread" }).waitFor();
    await seen(page, "badge");
    await launcher.click();
    await page.getByText("New", { exact: true }).waitFor();
    await seen(page, "new");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Open chat", exact: true }).waitFor();
  });

  test("is gone through with the keyboard alone", async () => {
    const page = await visit({ userId: "keys" });
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

  test("tells a screen reader each answer once, when all of it is there", async () => {
    const page = await open({ userId: "listens" });
    const live = page.locator("[role=status][aria-live=polite]");
    // What is read out: whatever changes within.
    await page.evaluate(`
      window.said = [];
      const live = document.querySelector("[data-layout]").shadowRoot.querySelector("[role=status]");
      new MutationObserver((records) => {
        window.said.push(...records.map(({ target }) => target.textContent));
      }).observe(live, { childList: true, characterData: true, subtree: true });
    `);
    await say(page, "Who are you?");
    await answered(page, 1);
    await live.getByText("I am the demo model").waitFor();
    const said = await page.evaluate<string[]>("window.said");
    expect(said.filter((text) => text.includes("demo model"))).toHaveLength(1);
    expect(said.filter((text) => text === "Thinking")).toHaveLength(1);
    expect(await page.locator("[role=log]").getAttribute("aria-live")).toBe("off");
  });

  test("begins a new conversation, and ends the one before", async () => {
    const page = await open({ userId: "again" });
    await say(page, "one");
    await answered(page, 1);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByText("How can we help?").waitFor();
    await say(page, "two");
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual(["two"]);
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual(["two"]);
  });

  test("sends files that are dropped, pasted and picked, and shows them to all", async () => {
    const page = await open({ userId: "files" });
    await drop(page, { name: "notes.txt", type: "text/plain", text: "to be kept" });
    await page.locator(".chip.done").getByText("notes.txt").waitFor();
    await pastePicture(page);
    await page.locator(".chip.done").nth(1).waitFor();
    await seen(page, "attached");
    expect(await violations(page)).toEqual([]);
    await say(page, "Who are you? And look at these.");
    const file = page.getByRole("link", { name: "Download notes.txt" });
    await file.waitFor();
    const picture = page.getByRole("img", { name: "image.png" });
    await picture.waitFor();
    await expect.poll(() => widthOf(picture)).toBe(1);
    await answered(page, 1);
    await seen(page, "files");
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await expect.poll(() => widthOf(picture)).toBe(1);
    const answer = await fetch((await file.getAttribute("href"))!);
    expect([answer.status, await answer.text()]).toEqual([200, "to be kept"]);
    expect(answer.headers.get("content-disposition")).toContain("attachment");
  });

  test("says which file was not taken and why, and offers to try again what may go well", async () => {
    const page = await open({ userId: "refused" });
    await drop(page, { name: "run.exe", type: "application/x-msdownload", text: "MZ\0\0\0" });
    const chip = page.locator(".chip.failed");
    await chip.getByText("the file's name ends in .exe, which runs").waitFor();
    await seen(page, "refused");
    expect(await violations(page)).toEqual([]);
    expect(await chip.getByRole("button", { name: "Upload run.exe again" }).count()).toBe(0);
    await chip.getByRole("button", { name: "Remove run.exe" }).click();
    await page.context().setOffline(true);
    await drop(page, { name: "notes.txt", type: "text/plain", text: "to be kept" });
    const again = page.getByRole("button", { name: "Upload notes.txt again" });
    await again.waitFor();
    await page.context().setOffline(false);
    await again.click();
    await page.locator(".chip.done").getByText("notes.txt").waitFor();
  });

  test("records a voice note, which is one after a reload", async () => {
    const page = await open({ userId: "speaks" });
    await page.getByRole("button", { name: "Record a voice note" }).click();
    await page.getByRole("button", { name: "Cancel recording" }).click();
    await page.getByRole("button", { name: "Record a voice note" }).click();
    await page.getByRole("timer").getByText("0:01").waitFor();
    await seen(page, "recording");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Send voice note" }).click();
    const note = page.getByRole("group", { name: "Voice note" });
    await note.waitFor();
    await page.locator(".row.mine.sent, .row.mine.delivered").waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await note.getByRole("button", { name: "Play voice note" }).click();
    const audio = note.locator("audio");
    const heard = () =>
      audio.evaluate(
        (element) => (element as unknown as { played: { length: number } }).played.length,
      );
    // How long it plays is too short a time to look for.
    await expect.poll(heard).toBe(1);
    await seen(page, "voice");
  });

  test("lets a visitor talk, who is the same one after a reload", async () => {
    const page = await open({ userId: "", guest: true });
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
    const page = await visit({ userId: "", guest: true });
    const url = `http://127.0.0.1:${service.port}/chat`;
    const kept = { token: "e30.e30.e30", expiresAtMs: Date.now() + 86_400_000 };
    await page.evaluate(
      `localStorage.setItem("warren-chat guest ${url}", ${JSON.stringify(JSON.stringify(kept))})`,
    );
    await page.getByRole("button", { name: "Open chat" }).click();
    await say(page, "Who are you?");
    await answered(page, 1);
  });

  test("lets one choose who answers", async () => {
    const page = await open({ userId: "chooses", attributes: `data-model="slow"` });
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
    const page = await visit({
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

/** For whoever wants to look: with WIDGET_PICTURES set to a folder each is kept there. */
async function seen(page: BrowserPage, name: string): Promise<void> {
  const folder = process.env["WIDGET_PICTURES"];
  if (folder === undefined) return;
  await page.screenshot({ path: `${folder}/widget-${name.replaceAll(/\W+/g, "-")}.png` });
}

/** Two that answer alike. */
const MODELS = {
  LLM_PROVIDER_1_ID: "quick",
  LLM_PROVIDER_1_NAME: "Quick",
  LLM_PROVIDER_1_TYPE: "demo",
  LLM_PROVIDER_2_ID: "slow",
  LLM_PROVIDER_2_NAME: "Thorough",
  LLM_PROVIDER_2_TYPE: "demo",
};

interface Dropped {
  name: string;
  type: string;
  text: string;
}
/** One pixel. */
const PICTURE =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** What the browser hands to a page with an event. */
function transfer({ name, type, text }: Dropped): string {
  const bytes = [...Buffer.from(text)];
  return `(() => {
    const transfer = new DataTransfer();
    const bytes = new Uint8Array(${JSON.stringify(bytes)});
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: "${type}" }));
    return transfer;
  })()`;
}
async function drop(page: BrowserPage, dropped: Dropped): Promise<void> {
  const dataTransfer = await page.evaluateHandle(transfer(dropped));
  await page.locator(".thread").dispatchEvent("dragover", { dataTransfer });
  await page.getByText("Drop files to attach them").waitFor();
  await page.locator(".thread").dispatchEvent("drop", { dataTransfer });
}
/** By the clipboard itself. */
async function pastePicture(page: BrowserPage): Promise<void> {
  await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob("${PICTURE}"), (char) => char.charCodeAt(0));
    const picture = new Blob([bytes], { type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
  })()`);
  await field(page).press("ControlOrMeta+v");
}

function widthOf(picture: ReturnType<BrowserPage["locator"]>): Promise<number> {
  return picture.evaluate(
    (element) => (element as unknown as { naturalWidth: number }).naturalWidth,
  );
}

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
