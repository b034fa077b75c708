/** A real browser for tests of pages. */
import { programPath } from "@warren/host/testing";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

export type { Page as BrowserPage } from "playwright-core";

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

export interface ViewOptions {
  /** `DESKTOP` unless set; on a `PHONE` fingers touch. */
  viewport?: { width: number; height: number };
  /** What the system prefers; `light` unless set. */
  colorScheme?: "light" | "dark";
  reducedMotion?: "reduce" | "no-preference";
}

/** Ends with all its pages. A page that threw or was refused something by its policy fails `close`. */
export interface TestBrowser extends AsyncDisposable {
  /** A page of a person of their own: no cookies, no storage of others. */
  page(view?: ViewOptions): Promise<Page>;
  /** Errors of all pages so far, policies' refusals among them. */
  readonly errors: readonly string[];
}

/**
 * The browser of this machine: `CHROMIUM_PATH`, else `chromium` on the PATH. Undefined: said plainly, for
 * `describe.skipIf`; throws where WARREN_REQUIRE_SERVICES=1.
 */
export function chromiumPath(): string | undefined {
  return process.env["CHROMIUM_PATH"] || programPath("chromium");
}

/** Starts the browser at `path`, as `chromiumPath` found it, without a window. */
export async function openBrowser(path: string): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath: path, args: BROWSER_FLAGS });
  const errors: string[] = [];
  return {
    errors,
    async page(view = {}) {
      const context = await openContext(browser, view);
      const page = await context.newPage();
      listen(page, errors);
      return page;
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

/** A microphone that hums, so that voice notes can be recorded. */
const BROWSER_FLAGS = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

function openContext(browser: Browser, view: ViewOptions): Promise<BrowserContext> {
  const { viewport = DESKTOP, colorScheme = "light", reducedMotion = "no-preference" } = view;
  const isPhone = viewport.width <= PHONE.width;
  return browser.newContext({
    viewport,
    colorScheme,
    reducedMotion,
    locale: "en-GB",
    timezoneId: "UTC",
    permissions: ["microphone", "clipboard-read", "clipboard-write"],
    ...(isPhone && { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
  });
}

function listen(page: Page, errors: string[]): void {
  page.on("pageerror", (error) => errors.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const isPolicy = message.text().includes("Content Security Policy");
    if (isPolicy) errors.push(`${page.url()}: ${message.text()}`);
  });
}
