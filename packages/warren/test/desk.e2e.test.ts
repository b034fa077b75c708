// The desk of those who answer, in real browsers: who waits, what is said often, what users never see, and a colleague.
// Three browsers' pages at once take their time.
import { chromiumPath, DESKTOP, PHONE, violations, type BrowserPage } from "@warren/client/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chatToken } from "./_kit/chat-service.ts";
import { adminToken, PageStage, say } from "./_kit/page-stage.ts";

const chromium = chromiumPath();
const SECRET = "Owes us for the last one";

describe.skipIf(chromium === undefined)("the desk", { timeout: 120_000 }, () => {
  let stage: PageStage;
  beforeAll(async () => void (stage = await PageStage.open(chromium!)), 180_000);
  afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);
  afterEach(() => expect(stage.browser.errors).toEqual([]));

  async function visit(page: string, token: string): Promise<BrowserPage> {
    const visited = await stage.browser.page({ reducedMotion: "reduce" });
    await visited.goto(stage.at(page, token));
    return visited;
  }

  /** Somebody who has asked for a person. */
  async function waiting(user: string, words: string): Promise<BrowserPage> {
    const page = await visit("chat.html", chatToken(user));
    await say(page, words);
    await page.locator(".answer time").waitFor();
    await page.getByRole("button", { name: "Talk to a human" }).click();
    await page.getByText("A person was asked to join").first().waitFor();
    return page;
  }

  test("who waits is taken in turn, and sees the line grow shorter", async () => {
    const una = await waiting("una", "Where is my parcel?");
    await una.locator(".banner").getByText("You are next in line.").waitFor();
    const uri = await waiting("uri", "Where is mine?");
    const place = uri.locator(".banner").getByText("You are number 2 in line.");
    await place.waitFor();
    // Said to who does not see it, once and without haste.
    const aloud = uri.locator("[aria-live=polite]").getByText("You are number 2 in line.");
    expect(await aloud.count()).toBe(1);
    await look(uri, "waiting");

    const ann = await visit("admin.html", adminToken("ann"));
    await ann.getByRole("link", { name: "Queue" }).click();
    await ann.getByText("2 wait").waitFor();
    expect(await ann.locator(".queue-words .muted").allTextContents()).toEqual(["una", "uri"]);
    await look(ann, "queue");
    await ann.getByRole("button", { name: "Take Where is my parcel?" }).click();
    const panel = ann.getByRole("region", { name: "Open conversation" });
    await panel.getByText("You answer here.").waitFor();
    await panel.getByText("The visitor is here").waitFor();
    await ann.getByText("1 person waits").waitFor();
    await una.getByText("ann is here").waitFor();
    await uri.locator(".banner").getByText("You are next in line.").waitFor();
    await look(ann, "taken");
    await una.context().close();
    await panel.getByText("The visitor is away").waitFor();
    await close(uri, ann);
  });

  test("what is said often is written once, and said with its places filled in", async () => {
    const user = await waiting("uwe", "Do you deliver on Sundays?");
    const ann = await visit("admin.html", adminToken("ann"));
    await ann.getByRole("link", { name: "Replies" }).click();
    await ann.getByRole("button", { name: "New reply" }).click();
    await ann.getByLabel("Title, for finding it").fill("Opening times");
    await ann
      .getByLabel(/^Text/)
      .fill("Hello {user}, this is {name}. **Monday to Friday**, 9 to 5.");
    await look(ann, "new reply");
    await ann.getByRole("button", { name: "Keep" }).click();
    await ann.getByRole("heading", { name: "Opening times" }).waitFor();
    await look(ann, "replies");
    await ann.getByRole("link", { name: "Queue" }).click();
    await ann.getByRole("button", { name: "Take Do you deliver on Sundays?" }).click();
    const panel = ann.getByRole("region", { name: "Open conversation" });
    await panel.getByRole("button", { name: "Replies" }).click();
    await ann.getByRole("searchbox", { name: "Find" }).fill("times");
    await look(ann, "reply picker");
    await ann.getByRole("button", { name: /^Opening times/ }).click();
    const draft = ann.getByLabel("As it will be said");
    expect(await draft.inputValue()).toContain("Hello uwe, this is ann.");
    await draft.press("End");
    await ann.getByRole("dialog").getByRole("button", { name: "Send" }).click();
    await user.locator(".row.theirs strong").getByText("Monday to Friday").waitFor();
    await user.locator(".row.theirs").getByText("Hello uwe, this is ann.").waitFor();
    await close(user, ann);
  });

  test("a private note is for colleagues: no frame, page or link of the user has a word of it", async () => {
    const user = await stage.browser.page();
    const heard = hearing(user);
    await user.goto(stage.at("chat.html", chatToken("ute")));
    await say(user, "Another order, please");
    await user.locator(".answer time").waitFor();
    const ann = await visit("admin.html", adminToken("ann"));
    await ann.getByRole("link", { name: "Another order, please" }).click();
    const panel = ann.getByRole("region", { name: "Open conversation" });
    await panel.getByRole("button", { name: "Note" }).click();
    await ann.getByLabel("Only people who answer see it").fill(SECRET);
    await look(ann, "note dialog");
    await ann.getByRole("button", { name: "Add note" }).click();
    await panel.getByText(SECRET).waitFor();
    await panel.getByText("Private note").first().waitFor();
    await look(ann, "note");
    await panel.getByRole("button", { name: "Take over" }).click();
    await say(ann, "Which one?");
    // What comes after the note has come: so would it.
    await user.locator(".row.theirs").getByText("Which one?").waitFor();
    await user.reload();
    await user.locator(".row.theirs").getByText("Which one?").waitFor();
    await user.getByRole("button", { name: "Share conversation" }).click();
    const link = await user.getByRole("textbox", { name: "Link" }).inputValue();
    const reader = await stage.browser.page();
    const read = hearing(reader);
    await reader.goto(link);
    await reader.getByText("Which one?").waitFor();
    expect(await violations(reader)).toEqual([]);
    const shown = await Promise.all([user, reader].map((page) => page.content()));
    const all = [...(await heard()), ...(await read()), ...shown].join("\n");
    expect(all).toContain("Which one?");
    expect(all).not.toContain(SECRET);
    await close(user, ann, reader);
  });

  test("a conversation is handed on to a colleague, who answers from then on", async () => {
    const user = await waiting("udo", "I need somebody who knows");
    const ann = await visit("admin.html", adminToken("ann"));
    await ann.getByRole("link", { name: "Queue" }).click();
    await ann.getByRole("button", { name: "Take I need somebody who knows" }).click();
    const anns = ann.getByRole("region", { name: "Open conversation" });
    const ben = await visit("admin.html", adminToken("ben"));
    await ben.getByRole("link", { name: "I need somebody who knows" }).click();
    const bens = ben.getByRole("region", { name: "Open conversation" });
    await bens.locator(".banner").getByText("ann answers here").waitFor();
    await anns.getByText("also here: ben").waitFor();
    await anns.getByRole("button", { name: "Hand on" }).click();
    await ann.getByRole("group", { name: "Here as well" }).getByText("ben").click();
    expect(await ann.getByLabel("User id of the colleague").inputValue()).toBe("ben");
    await ann.getByLabel("Their name, as the user sees it").fill("Ben");
    await look(ann, "hand on");
    await ann.getByRole("dialog").getByRole("button", { name: "Hand on" }).click();
    await bens.getByText("You answer here.").waitFor();
    await anns.locator(".banner").getByText("Ben answers here").waitFor();
    await user.getByText("Ben joined the conversation").waitFor();
    expect(await anns.getByRole("textbox", { name: "Write a message" }).count()).toBe(0);
    await say(ben, "I know.");
    await user.locator(".row.theirs").getByText("I know.").waitFor();
    await look(ben, "handed on");
    await close(user, ann, ben);
  });
});

/** All that a page gets over sockets and requests from now on, as text. */
function hearing(page: BrowserPage): () => Promise<string[]> {
  const texts: string[] = [];
  const bodies: Promise<string>[] = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => void texts.push(payload.toString())),
  );
  page.on("response", (response) => {
    const isData = response.headers()["content-type"]?.includes("json") === true;
    // A page that is left takes what it was getting along.
    if (isData) bodies.push(response.text().catch(() => ""));
  });
  return async () => [...texts, ...(await Promise.all(bodies))];
}

const LOOKS = [
  { viewport: DESKTOP, colorScheme: "light" },
  { viewport: PHONE, colorScheme: "dark" },
  { viewport: DESKTOP, colorScheme: "dark" },
  { viewport: PHONE, colorScheme: "light" },
] as const;

/** What has changed is drawn. */
const DRAWN = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))`;

let looks = 0;

/** Axe finds nothing, in one of the four in turn; with PAGE_PICTURES set to a folder, pictures of all are kept there. */
async function look(page: BrowserPage, what: string): Promise<void> {
  const folder = process.env["PAGE_PICTURES"];
  const turn = looks++ % LOOKS.length;
  for (const { viewport, colorScheme } of folder ? LOOKS : LOOKS.slice(turn, turn + 1)) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.evaluate(DRAWN);
    expect(await violations(page), what).toEqual([]);
    if (folder === undefined) continue;
    const name = `${what} ${viewport.width} ${colorScheme}`.replaceAll(/\W+/g, "-");
    await page.screenshot({ path: `${folder}/desk-${name}.png` });
  }
  await page.setViewportSize(DESKTOP);
}

async function close(...pages: readonly BrowserPage[]): Promise<void> {
  await Promise.all(pages.map((page) => page.context().close()));
}
