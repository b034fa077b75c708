export {
  chromiumPath,
  DESKTOP,
  openBrowser,
  PHONE,
  type BrowserPage,
  type TestBrowser,
  type ViewOptions,
} from "./browser.ts";
export { violations } from "./violations.ts";
