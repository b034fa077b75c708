// Files and voice notes in the widget, in a real browser, against the chat itself.
import { chromiumPath, violations, type BrowserPage } from "@warren/client/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WidgetStage, answered, field, say, seen } from "./_kit/widget-stage.ts";

const chromium = chromiumPath();

describe.skipIf(chromium === undefined)("a file in the widget", () => {
  let stage: WidgetStage;
  beforeAll(async () => void (stage = await WidgetStage.open(chromium!)), 120_000);
  afterEach(async () => expect(await stage.clear()).toEqual([]));
  afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

  test("sends files that are dropped and pasted, and shows them again after a reload", async () => {
    const page = await stage.open({ userId: "files" });
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
    // Said together, answered once.
    expect(await page.locator(".answer").count()).toBe(1);
    const answer = await fetch((await file.getAttribute("href"))!);
    expect([answer.status, await answer.text()]).toEqual([200, "to be kept"]);
    expect(answer.headers.get("content-disposition")).toContain("attachment");
  });

  test("asks for another link once, where one ended while the page was open", async () => {
    const page = await stage.open({ userId: "late" });
    await drop(page, { name: "notes.txt", type: "text/plain", text: "to be kept" });
    await pastePicture(page);
    await page.locator(".chip.done").nth(1).waitFor();
    await say(page, "Look at these.");
    const picture = page.getByRole("img", { name: "image.png" });
    await expect.poll(() => widthOf(picture)).toBe(1);
    await answered(page, 1);
    const asked: string[] = [];
    const links = () => asked.filter((what) => what === "link").length;
    page.on("request", (request) => {
      if (request.method() === "POST" && /\/files\/.*\/link/.test(request.url()))
        asked.push("link");
      else if (request.resourceType() === "image") asked.push("image");
    });
    let left = 1;
    await page.route(/\/files\//, (route) => {
      if (route.request().resourceType() !== "image" || left-- <= 0) return route.fallback();
      return route.fulfill({ status: 403 });
    });
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await expect.poll(() => widthOf(picture)).toBe(1);
    // The picture may come once more, by the link that the conversation brings as it is resumed.
    expect(asked.slice(0, 3)).toEqual(["image", "link", "image"]);
    expect(links()).toBe(1);
    left = 2;
    asked.length = 0;
    await page.reload();
    await page.getByRole("button", { name: "Open chat" }).click();
    await expect.poll(() => asked.slice(0, 3)).toEqual(["image", "link", "image"]);
    const tomorrow = Date.now() + 366 * 86_400_000;
    expect(links()).toBe(1);
    const renewed: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/link")) renewed.push(request.url());
    });
    await page.evaluate(`Date.now = () => ${tomorrow}`);
    const file = page.getByRole("link", { name: "Download notes.txt" });
    const fresh = page.waitForResponse((response) => response.url().includes("/link"));
    const [download] = await Promise.all([page.waitForEvent("popup"), file.click()]);
    expect((await fresh).status()).toBe(200);
    await download.close();
    // The picture's has ended as well, and is asked for where it is drawn again: each once.
    expect(renewed).toEqual([...new Set(renewed)]);
  });

  test("says which file was not taken and why, and offers to try again what may go well", async () => {
    const page = await stage.open({ userId: "refused" });
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
    // Once there is a connection again it goes by itself; sooner where somebody asks for it.
    await page.context().setOffline(false);
    await page.locator(".chip.done").getByText("notes.txt").waitFor();
  });

  test("records a voice note, which is one after a reload", async () => {
    const page = await stage.open({ userId: "speaks" });
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
});

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
