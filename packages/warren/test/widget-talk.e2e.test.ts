// A conversation in the widget, in a real browser, against the chat itself.
import { chromiumPath, violations } from "@warren/client/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WidgetStage, answered, field, say, seen } from "./_kit/widget-stage.ts";

const chromium = chromiumPath();

describe.skipIf(chromium === undefined)("a conversation in the widget", () => {
  let stage: WidgetStage;
  beforeAll(async () => void (stage = await WidgetStage.open(chromium!)), 120_000);
  afterEach(async () => expect(await stage.clear()).toEqual([]));
  afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

  test("stops an answer, goes on with it, and writes another one", async () => {
    const page = await stage.open({ userId: "stops" });
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
    const page = await stage.open({ userId: "changes" });
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
    const page = await stage.open({ userId: "offline" });
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

  test("shows what was refused where it was said, to be tried again or taken back with the keyboard", async () => {
    const page = await stage.open({ userId: "failed" });
    await say(page, "before");
    await answered(page, 1);
    // Of the page, and none that the service takes.
    await page.evaluate("WarrenChat.setContext({ order: {} })");
    await say(page, "refused");
    const failed = page.getByRole("article", { name: /^You, .*, Not sent$/ });
    await failed.getByText("Not sent: ").waitFor();
    await page.getByRole("status").getByText("Not sent: ").waitFor();
    await page.evaluate("WarrenChat.setContext({})");
    await say(page, "after");
    await answered(page, 2);
    const words = () => page.locator(".row.mine .plain").allTextContents();
    expect(await words()).toEqual(["before", "refused", "after"]);
    await seen(page, "failed");
    expect(await violations(page)).toEqual([]);
    const press = async (name: string) => {
      await failed.focus();
      const group = failed.getByRole("group", { name: "Not sent" });
      await group.getByRole("button", { name }).press("Enter");
      await field(page).and(page.locator(":focus")).waitFor();
    };
    await press("Retry");
    await expect.poll(words).toEqual(["before", "after", "refused"]);
    await failed.waitFor();
    await press("Delete");
    await expect.poll(words).toEqual(["before", "after"]);
  });

  test("is a visitor's, then the user's who signs in, and the next visitor sees nothing of it", async () => {
    const page = await stage.open({ userId: "visitor", guest: true });
    await say(page, "Do you ship to Malta?");
    await answered(page, 1);
    const identify = (name: string) =>
      page.evaluate((who) => {
        type Identify = (token: string | (() => Promise<string>)) => void;
        const { identify: as } = (globalThis as unknown as { WarrenChat: { identify: Identify } })
          .WarrenChat;
        if (who === "guest") return as("guest");
        as(async () => {
          const answer = await fetch(`/token?user=${who}`);
          return ((await answer.json()) as { token: string }).token;
        });
      }, name);
    await field(page).fill("half a thought");
    await identify("signed-in");
    await answered(page, 1);
    // Whoever signs in goes on writing.
    await expect.poll(() => field(page).inputValue()).toBe("half a thought");
    await page.locator(".row.mine").getByText("Do you ship to Malta?").waitFor();
    await say(page, "And to Gozo?");
    await answered(page, 2);
    await seen(page, "signed-in");
    const elsewhere = stage.clientOf("signed-in", "user").session();
    await expect
      .poll(() => elsewhere.messages.filter(({ isMine }) => isMine).map(({ content }) => content))
      .toEqual(["Do you ship to Malta?", "And to Gozo?"]);
    await field(page).fill("not sent as the user");
    await identify("guest");
    await page.getByText("How can we help?").waitFor();
    expect(await field(page).inputValue()).toBe("");
    await say(page, "Hello, I am new");
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual(["Hello, I am new"]);
    await page.reload();
    await page.getByRole("button", { name: /^Open chat/ }).click();
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual(["Hello, I am new"]);
  });

  test("asks for a person, shows who came and what they say, and when they leave", async () => {
    const page = await stage.open({ userId: "helped" });
    await page.getByRole("button", { name: "Talk to a human" }).click();
    await page.locator(".row.mine").getByText("I would like to talk to a human.").waitFor();
    await page.getByText("A person was asked to join. They will answer here.").waitFor();
    await page.locator(".banner").getByText("You are next in line.").waitFor();
    await page.getByRole("status").getByText("You are next in line.").waitFor();
    await answered(page, 1);
    const id = await stage.sessionOf("helped");
    await stage.admin(`takeover/${id}`);
    await page.getByText("bob joined the conversation").waitFor();
    await page.getByText("bob is away", { exact: true }).waitFor();
    const person = stage.clientOf("bob", "admin");
    const theirs = person.session(id);
    theirs.on("change", () => theirs.markRead());
    theirs.send("Of course. **Which** order?");
    await page.locator(".row.theirs strong").getByText("Which").waitFor();
    await page.locator(".row.mine .state.read").waitFor();
    await page.getByText("bob is here", { exact: true }).waitFor();
    await seen(page, "person");
    expect(await violations(page)).toEqual([]);
    await say(page, "This one");
    await page.locator(".row.mine.sent, .row.mine.delivered, .row.mine.read").nth(1).waitFor();
    expect(await page.locator(".answer").count()).toBe(1);
    await stage.admin(`leave/${id}`);
    await page.getByText("bob is here", { exact: true }).waitFor({ state: "detached" });
    await say(page, "Are you back?");
    await answered(page, 2);
  });

  test("counts what came while it was closed, and shows where that begins", async () => {
    const page = await stage.open({ userId: "unread" });
    await say(page, "Who are you?");
    await answered(page, 1);
    await page.keyboard.press("Escape");
    const launcher = page.getByRole("button", { name: /^Open chat/ });
    await launcher.waitFor();
    expect(await launcher.evaluate((element) => element.matches(":focus"))).toBe(true);
    const elsewhere = stage.clientOf("unread", "user");
    elsewhere.session().send("from another device");
    await page.getByRole("button", { name: "Open chat, 1 unread" }).waitFor();
    await seen(page, "badge");
    await launcher.click();
    await page.getByText("New", { exact: true }).waitFor();
    await seen(page, "new");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Open chat", exact: true }).waitFor();
  });

  test("leaves what one reads in its place while earlier messages come", async () => {
    const writer = stage.clientOf("long", "user").session();
    const isSent = () => writer.messages.every(({ state }) => state !== "queued");
    writer.send("message 0");
    await expect.poll(isSent).toBe(true);
    // A person has it: no model answers each of these.
    await stage.admin(`takeover/${await stage.sessionOf("long")}`);
    for (let count = 1; count <= 340; count++) writer.send(`message ${count}`);
    await expect.poll(isSent, { timeout: 60_000 }).toBe(true);
    const page = await stage.open({ userId: "long" });
    await page.getByText("message 340", { exact: true }).waitFor();
    const older = page.getByRole("button", { name: "Show earlier messages" });
    await older.scrollIntoViewIfNeeded();
    await page.getByRole("button", { name: "Go to the latest message" }).waitFor();
    const top = page.locator(".row").first();
    const [words, before] = [await top.textContent(), await top.boundingBox()];
    await older.click();
    await expect.poll(() => top.textContent()).not.toBe(words);
    const after = await page.locator(".row").filter({ hasText: words! }).first().boundingBox();
    expect(Math.abs(after!.y - before!.y)).toBeLessThan(60);
    await page.getByRole("button", { name: "Go to the latest message" }).click();
    await expect.poll(() => page.getByText("message 340", { exact: true }).isVisible()).toBe(true);
    await page
      .getByRole("button", { name: "Go to the latest message" })
      .waitFor({ state: "detached" });
  }, 120_000);

  test("begins a new conversation, and ends the one before", async () => {
    const page = await stage.open({ userId: "again" });
    await say(page, "one");
    await answered(page, 1);
    const field = page.getByRole("textbox", { name: "Write a message" });
    await field.fill("half a thought");
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByText("How can we help?").waitFor();
    await expect.poll(() => field.inputValue()).toBe("half a thought");
    await say(page, "two");
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual(["two"]);
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await answered(page, 1);
    expect(await page.locator(".row.mine .plain").allTextContents()).toEqual(["two"]);
  });
});
