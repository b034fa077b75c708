// The pages as people use them, in real browsers, against the chat itself, under the policy that it serves them with:
// whatever that refuses fails the tests.
import {
  chromiumPath,
  DESKTOP,
  PHONE,
  violations,
  type BrowserPage,
  type TestBrowser,
} from "@warren/client/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chatToken } from "./_kit/chat-service.ts";
import { adminToken as asAdmin, PageStage, say } from "./_kit/page-stage.ts";

const chromium = chromiumPath();

describe.skipIf(chromium === undefined)("the pages", { timeout: 120_000 }, () => {
  let stage: PageStage;
  let browser: TestBrowser;
  beforeAll(async () => {
    stage = await PageStage.open(chromium!);
    ({ browser } = stage);
  }, 180_000);
  afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);
  afterEach(() => expect(browser.errors).toEqual([]));

  const at = (page: string, token: string) => stage.at(page, token);

  test("a conversation, from the first word to the last", async () => {
    const user = await browser.page();
    await user.goto(at("chat.html", chatToken("uma")));
    // It stays in no address, where it would be copied.
    await user.waitForURL(/\/chat\.html$/);
    await say(user, "Hello! Tell me all that you can do.");
    await user.locator(".running").getByText("Ask me").waitFor();
    await user.getByRole("button", { name: "Stop answering" }).click();
    await user.getByText("Stopped", { exact: true }).waitFor();
    await user.locator("input[type=file]").setInputFiles({
      name: "parcel.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("Number 4711"),
    });
    await user.locator(".chip.done").waitFor();
    await say(user, "I want to talk to somebody about this");
    await answered(user, 2);
    await user.getByRole("link", { name: /parcel\.txt/ }).waitFor();
    await user.getByRole("button", { name: "Talk to a human" }).click();
    await user.getByText("A person was asked to join").first().waitFor();

    const admin = await browser.page();
    await admin.goto(at("admin.html", asAdmin("ann")));
    await admin.getByRole("row", { name: /uma/ }).getByText("Waits").waitFor();
    await admin.getByRole("link", { name: "Hello!" }).click();
    const panel = admin.getByRole("region", { name: "Open conversation" });
    await panel.getByRole("button", { name: "Take over" }).click();
    await user.getByText("ann joined the conversation").waitFor();
    await user.getByText("ann is here").waitFor();
    await panel.getByText("The visitor is here").waitFor();
    await say(admin, "Ann here. **How** can I help?");
    await user.locator(".row.theirs strong").getByText("How").waitFor();
    await say(user, "My parcel is late");
    await panel.locator(".plain").getByText("My parcel is late").waitFor();
    expect(await violations(admin)).toEqual([]);
    await panel.getByRole("button", { name: "Hand back" }).click();
    await user.getByText("ann is here").waitFor({ state: "detached" });
    await say(user, "Who are you?");
    await answered(user, 3);

    await user.reload();
    await answered(user, 3);
    await user.context().setOffline(true);
    await say(user, "in the tunnel");
    await user.getByText("You are offline. Messages will be sent when you are back.").waitFor();
    await user.context().setOffline(false);
    await answered(user, 4);
    expect(await user.locator(".row.mine .plain").allTextContents()).toEqual([
      "Hello! Tell me all that you can do.",
      "I want to talk to somebody about this",
      "My parcel is late",
      "Who are you?",
      "in the tunnel",
    ]);
    await Promise.all([user.context().close(), admin.context().close()]);
  });

  test("a link shows the conversation to whoever has it, until it is taken back", async () => {
    const user = await browser.page();
    await user.goto(at("chat.html", chatToken("lea")));
    await say(user, "Show me **code**");
    await answered(user, 1);
    await user.getByRole("button", { name: "Share conversation" }).click();
    const link = await user.getByRole("textbox", { name: "Link" }).inputValue();
    await lookAt(user, "share");
    await user.evaluate(`Object.defineProperty(navigator, "clipboard", { value: undefined })`);
    await user.getByRole("button", { name: "Copy link" }).click();
    await user.getByText("Copied").waitFor();
    expect(await violations(user)).toEqual([]);
    const reader = await browser.page({ viewport: PHONE });
    await reader.goto(link);
    await reader.getByText("Show me **code**").first().waitFor();
    await reader.locator("pre").first().waitFor();
    await seen(reader, "shared");
    expect(await violations(reader)).toEqual([]);
    await user.getByRole("button", { name: "Stop sharing" }).click();
    await user.getByRole("dialog").waitFor({ state: "detached" });
    await reader.route("**/shared/*", (route) => route.abort());
    await reader.reload();
    await reader.getByText("The service does not answer.").waitFor();
    await seen(reader, "shared-away");
    await reader.unroute("**/shared/*");
    await reader.getByRole("button", { name: "Try again" }).click();
    await reader.getByText("Nothing to see here").waitFor();
    expect(await violations(reader)).toEqual([]);
    await Promise.all([user.context().close(), reader.context().close()]);
  });

  test("what is new begins apart from what goes on elsewhere, with a voice note as well", async () => {
    const [first, second] = await Promise.all([browser.page(), browser.page()]);
    const token = chatToken("twice");
    await first.goto(at("chat.html", token));
    await say(first, "Said on the first device");
    await answered(first, 1);
    await second.goto(at("chat.html?new=1", token));
    await second.getByText("How can we help?").waitFor();
    await second.getByRole("button", { name: "Record a voice note" }).click();
    await second.getByText("0:01").waitFor();
    await second.getByRole("button", { name: "Send voice note" }).click();
    await second.locator(".row.sent .voice").waitFor();
    expect(await second.locator(".row.mine").count()).toBe(1);
    await first.getByText("This conversation has ended").waitFor();
    await first.context().close();
    await second.context().close();
  });

  test("one's own conversations: found, renamed, ended, begun anew, deleted", async () => {
    const page = await browser.page();
    await page.goto(at("sessions.html", chatToken("sam")));
    await page.getByRole("button", { name: "Start a conversation" }).click();
    await say(page, "The first of several");
    await answered(page, 1);
    await page.getByRole("button", { name: "Back", exact: true }).click();
    await page.getByRole("button", { name: "More about The first of several" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).press("Enter");
    await page.getByRole("textbox", { name: "Name" }).and(page.locator(":focus")).waitFor();
    await lookAt(page, "rename");
    await page.getByRole("textbox", { name: "Name" }).fill("My trip");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "My trip" }).waitFor();
    await page.reload();
    await page.getByRole("link", { name: "My trip" }).waitFor();
    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByText("How can we help?").waitFor();
    await say(page, "The second");
    await answered(page, 1);
    await page.getByRole("link", { name: "My trip" }).click();
    await page.getByText("This conversation has ended").waitFor();
    await page.getByRole("link", { name: "Warren: all conversations" }).click();
    await page.getByRole("radio", { name: "Ended" }).check({ force: true });
    await expect
      .poll(() => page.locator(".session-row-title").allTextContents())
      .toEqual(["My trip"]);
    await page.getByRole("button", { name: "More about My trip" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await lookAt(page, "delete");
    await page.getByRole("button", { name: "Delete it" }).click();
    await page.getByText("No conversation of yours is like this.").waitFor();
    await page.reload();
    await page.getByRole("link", { name: "The second" }).waitFor();
    expect(await page.getByRole("link", { name: "My trip" }).count()).toBe(0);
    await page.context().close();
  });

  test.each([
    { name: "nobody", page: "sessions.html", token: undefined, why: undefined },
    {
      name: "somebody whose token has ended",
      page: "sessions.html",
      token: () => chatToken("old", { lifeMs: 60_000, nowMs: Date.now() - 3_600_000 }),
      why: "This token has expired. Ask for a new one.",
    },
    {
      name: "somebody with another service's token",
      page: "chat.html",
      token: () => "not.one",
      why: "This service does not know this token.",
    },
    {
      name: "a user on the admins' page",
      page: "admin.html",
      token: () => chatToken("una"),
      why: "una is no admin: this page needs a token with the role admin.",
    },
  ])("$name is asked to sign in, and told why", async ({ page: name, token, why }) => {
    const page = await browser.page({ viewport: PHONE });
    await page.goto(token === undefined ? at(name, "").split("#")[0]! : at(name, token()));
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    const said = await page.getByRole("alert").allTextContents();
    expect(said).toEqual(why === undefined ? [] : [why]);
    expect(await violations(page)).toEqual([]);
    await page.getByLabel("Token").fill(asAdmin("ada"));
    await page.getByRole("button", { name: "Come in" }).click();
    await page
      .getByRole("button", { name: "Account of ada" })
      .or(page.getByText("How can we help?"))
      .first()
      .waitFor();
    await page.context().close();
  });

  test("a guest comes in without a token, and is the same one in the next tab", async () => {
    const page = await browser.page();
    await page.goto(at("chat.html", "").split("#")[0]!);
    await page.getByRole("button", { name: "Continue as a guest" }).click();
    await say(page, "Nobody knows me");
    await answered(page, 1);
    const another = await page.context().newPage();
    await page.close();
    await another.goto(at("sessions.html", "").split("#")[0]!);
    await another.getByRole("button", { name: "Continue as a guest" }).click();
    await another.getByRole("link", { name: "Nobody knows me" }).waitFor();
    await another.context().close();
  });

  test("who comes in again goes on with the conversation that they began, and with their draft", async () => {
    const page = await browser.page();
    const token = chatToken("ida");
    await page.goto(at("chat.html?new=1", token));
    await page.getByText("How can we help?").waitFor();
    await say(page, "Said before");
    await answered(page, 1);
    await page.getByRole("textbox", { name: "Write a message" }).fill("Half a thought");
    await page.getByRole("button", { name: "Account of ida" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("textbox", { name: "Token" }).fill(token);
    await page.keyboard.press("Enter");
    await answered(page, 1);
    await page.locator(".row.mine").getByText("Said before").waitFor();
    const field = page.getByRole("textbox", { name: "Write a message" });
    await expect.poll(() => field.inputValue()).toBe("Half a thought");
    await page.reload();
    await expect.poll(() => field.inputValue()).toBe("Half a thought");
    await page.context().close();
  });

  test("what one did not send is nobody else's who comes in after", async () => {
    const page = await browser.page();
    const field = page.getByRole("textbox", { name: "Write a message" });
    const signOut = async (name: string) => {
      await page.getByRole("button", { name: `Account of ${name}` }).click();
      await page.getByRole("menuitem", { name: "Sign out" }).click();
    };
    const comeIn = async (name: string) => {
      await page.getByRole("textbox", { name: "Token" }).fill(chatToken(name));
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: `Account of ${name}` }).waitFor();
      await page.locator("[data-layout] .dot.on").waitFor();
    };
    await page.goto(at("chat.html", chatToken("olga")));
    await page.locator("[data-layout] .dot.on").waitFor();
    await field.fill("Olga's secret");
    await page.reload();
    await expect.poll(() => field.inputValue()).toBe("Olga's secret");
    await signOut("olga");
    await comeIn("otto");
    await expect.poll(() => field.inputValue()).toBe("");
    const kept = await page.evaluate<string>("JSON.stringify(sessionStorage)");
    expect(kept).not.toContain("secret");
    await say(page, "Otto here");
    await answered(page, 1);
    await field.fill("Otto's second thought");
    await signOut("otto");
    await comeIn("olga");
    await page.getByText("How can we help?").waitFor();
    await expect.poll(() => field.inputValue()).toBe("");
    await page.context().close();
  });

  test("who signs out in one tab is out in all", async () => {
    const first = await browser.page();
    await first.goto(at("sessions.html", chatToken("tia")));
    await first.getByRole("heading", { name: "Conversations" }).waitFor();
    const second = await first.context().newPage();
    await second.goto(at("sessions.html", "").split("#")[0]!);
    await second.getByRole("heading", { name: "Conversations" }).waitFor();
    await first.getByRole("button", { name: "Account of tia" }).click();
    await first.getByRole("menuitem", { name: "Sign out" }).click();
    await second.getByText("You signed out in another tab.").waitFor();
    await first.context().close();
  });

  describe("are there for everybody", () => {
    const views = [
      { name: "a phone", viewport: PHONE },
      { name: "a desktop", viewport: DESKTOP },
    ];
    test.each(views)("on $name, in both themes", async ({ name, viewport }) => {
      const page = await browser.page({ viewport, reducedMotion: "reduce" });
      const look = async (what: string) => {
        for (const colorScheme of ["dark", "light"] as const) {
          await page.emulateMedia({ colorScheme });
          await seen(page, `${what} ${name} ${colorScheme}`);
          expect(await violations(page), what).toEqual([]);
        }
      };
      await page.goto(at("chat.html", chatToken("eve")));
      await say(page, "What is this?");
      await answered(page, 1);
      await look("chat");
      await page.goto(at("sessions.html", chatToken("eve")));
      await page.getByRole("link", { name: "What is this?" }).waitFor();
      await look("sessions");
      await page.goto(at("admin.html", asAdmin("ann")));
      await page.getByRole("link", { name: "What is this?" }).first().waitFor();
      await look("conversations");
      await page.getByRole("link", { name: "Figures" }).click();
      await page.getByRole("img", { name: /^Tokens/ }).waitFor();
      await look("figures");
      await page.context().close();
    });
  });

  test("the admins' page is gone through with the keyboard alone", async () => {
    const user = await browser.page();
    await user.goto(at("chat.html", chatToken("kay")));
    await say(user, "Only keys");
    await answered(user, 1);
    await user.context().close();
    const page = await browser.page();
    await page.goto(at("admin.html", asAdmin("ann")));
    await page.getByRole("link", { name: "Only keys" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("kay");
    await page.getByText("1 found").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await page.getByRole("link", { name: "Only keys" }).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Enter");
    await page
      .getByRole("region", { name: "Open conversation" })
      .getByText("Only keys")
      .first()
      .waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("region", { name: "Open conversation" }).waitFor({ state: "detached" });
    await page.keyboard.press("3");
    await page.getByRole("heading", { name: "Figures", level: 2 }).waitFor();
    await page.context().close();
  });
});

/** Axe finds nothing, in both themes. */
async function lookAt(page: BrowserPage, what: string): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await violations(page), what).toEqual([]);
    await seen(page, `${what} ${colorScheme}`);
  }
}

/** For whoever wants to look: with PAGE_PICTURES set to a folder each is kept there. */
async function seen(page: BrowserPage, name: string): Promise<void> {
  const folder = process.env["PAGE_PICTURES"];
  if (folder === undefined) return;
  await page.screenshot({ path: `${folder}/pages-${name.replaceAll(/\W+/g, "-")}.png` });
}

/** Whole answers in the thread. */
async function answered(page: BrowserPage, count: number): Promise<void> {
  await page
    .locator(".answer time")
    .nth(count - 1)
    .waitFor();
}
