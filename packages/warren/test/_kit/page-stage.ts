/** The pages in a real browser, against the chat itself, under the policy that it serves them with. */
import { openBrowser, type BrowserPage, type TestBrowser } from "@warren/client/testing";
import { ChatService, chatToken } from "./chat-service.ts";
import { testPages } from "./test-pages.ts";

/** One browser and one chat for the tests of a file. */
export class PageStage implements AsyncDisposable {
  readonly browser: TestBrowser;
  readonly #service: ChatService;

  private constructor(browser: TestBrowser, service: ChatService) {
    this.browser = browser;
    this.#service = service;
  }

  /** `chromium`: its path. Builds the pages where they are stale. */
  static async open(chromium: string): Promise<PageStage> {
    const service = await ChatService.start({}, await testPages());
    return new PageStage(await openBrowser(chromium), service);
  }

  /** Where somebody comes in with their token. */
  at(page: string, token: string): string {
    return `http://127.0.0.1:${this.#service.port}/chat/${page}#token=${token}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await this.#service[Symbol.asyncDispose]();
  }
}

export function adminToken(name: string): string {
  return chatToken(name, { roles: ["admin"] });
}

export async function say(page: BrowserPage, text: string): Promise<void> {
  const field = page.getByRole("textbox", { name: "Write a message" });
  await field.fill(text);
  await field.press("Enter");
}
