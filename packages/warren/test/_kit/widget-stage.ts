/** Pages with the widget, in a real browser, against a chat; and what people do there. */
import { createChat, memoryStorage, type ChatClient } from "@warren/client";
import {
  openBrowser,
  type BrowserPage,
  type TestBrowser,
  type ViewOptions,
} from "@warren/client/testing";
import { ChatService, chatToken } from "./chat-service.ts";
import { buildWidget, startWidgetPage, type WidgetPageOptions } from "./widget-page.ts";

export interface Visit extends ViewOptions, Partial<Omit<WidgetPageOptions, "widget" | "port">> {
  userId: string;
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

/** One browser and one chat for the tests of a file. Each page's policy is strict. */
export class WidgetStage implements AsyncDisposable {
  readonly #browser: TestBrowser;
  readonly #service: ChatService;
  readonly #widget: string;
  #closing: (() => Promise<unknown>)[] = [];

  private constructor(browser: TestBrowser, service: ChatService, widget: string) {
    this.#browser = browser;
    this.#service = service;
    this.#widget = widget;
  }

  /** `chromium`: its path. */
  static async open(chromium: string): Promise<WidgetStage> {
    return new WidgetStage(
      await openBrowser(chromium),
      await ChatService.start(MODELS),
      await buildWidget(),
    );
  }

  /** Of the chat. */
  get port(): number {
    return this.#service.port;
  }

  /** A page with the widget closed. */
  async visit({ userId, attributes = "", before = "", guest = false, ...view }: Visit) {
    const shown = { widget: this.#widget, port: this.port, attributes, before, guest };
    const host = await startWidgetPage(shown);
    const page = await this.#browser.page(view);
    this.#closing.push(async () => {
      await page.context().close();
      await host[Symbol.asyncDispose]();
    });
    await page.goto(host.url(userId));
    return page;
  }

  async open(given: Visit): Promise<BrowserPage> {
    const page = await this.visit(given);
    await page.getByRole("button", { name: "Open chat" }).click();
    return page;
  }

  /** Somebody with a client of their own: an admin, or the same user elsewhere. */
  clientOf(userId: string, role: "user" | "admin"): ChatClient {
    const roles = role === "admin" ? ["admin"] : [];
    const client = createChat({
      url: `http://127.0.0.1:${this.port}/chat/ws`,
      token: async () => chatToken(userId, { roles }),
      role,
      storage: memoryStorage(),
    });
    client.connect();
    this.#closing.push(() => client.close());
    return client;
  }

  /** What bob, an admin, asks for: `takeover/<session>`. */
  async admin(path: string): Promise<void> {
    const answer = await this.#fetch(
      "POST",
      `/admin/${path}`,
      chatToken("bob", { roles: ["admin"] }),
    );
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  }

  /** The session that the user began last. */
  async sessionOf(userId: string): Promise<string> {
    // A row follows its log a moment later.
    for (;;) {
      const answer = await this.#fetch("GET", "/sessions", chatToken(userId));
      const { sessions } = (await answer.json()) as { sessions: { id: string }[] };
      if (sessions[0] !== undefined) return sessions[0].id;
    }
  }

  /** Closes what a test opened. Returns what its pages threw, and what their policies refused. */
  async clear(): Promise<readonly string[]> {
    await Promise.all(this.#closing.splice(0).map((close) => close()));
    return this.#browser.errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser[Symbol.asyncDispose]();
    await this.#service[Symbol.asyncDispose]();
  }

  #fetch(method: string, path: string, token: string): Promise<Response> {
    const headers = { authorization: `Bearer ${token}` };
    return fetch(`http://127.0.0.1:${this.port}/chat${path}`, { method, headers });
  }
}

/** For whoever wants to look: with WIDGET_PICTURES set to a folder each is kept there. */
export async function seen(page: BrowserPage, name: string): Promise<void> {
  const folder = process.env["WIDGET_PICTURES"];
  if (folder === undefined) return;
  await page.screenshot({ path: `${folder}/widget-${name.replaceAll(/\W+/g, "-")}.png` });
}

export function field(page: BrowserPage) {
  return page.getByRole("textbox", { name: "Write a message" });
}
export async function say(page: BrowserPage, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}
/** Whole answers in the thread. */
export async function answered(page: BrowserPage, count: number): Promise<void> {
  await page
    .locator(".answer time")
    .nth(count - 1)
    .waitFor();
}
export async function react(page: BrowserPage, emoji: string): Promise<void> {
  const row = page.locator(".row.mine").last();
  await row.hover();
  await row.getByRole("button", { name: "React" }).click();
  await row.getByRole("button", { name: emoji, exact: true }).click();
  await row.getByRole("button", { name: `${emoji}, 1` }).waitFor();
}
