import { Emitter } from "../../src/emitter.ts";
import type { MountChatOptions, Theme } from "../mount-options.ts";
import { Widget } from "./widget.tsx";
import type { WidgetEvents, WidgetOptions } from "./widget-options.ts";

/** What a page does with the widget, as `window.WarrenChat`. */
export interface PageApi {
  /** Shows the widget; with `data-manual` in the script line nothing is shown before. */
  init(options?: Partial<WidgetOptions>): void;
  /** Somebody signed in: a token, or better a function that gives one that lasts. `guest`: signed out. */
  identify(token: string | (() => Promise<string>)): void;
  open(): void;
  close(): void;
  toggle(): void;
  /** Goes with every message from now on; values are text. */
  setContext(context: Readonly<Record<string, string>>): void;
  setTheme(theme: Theme): void;
  /** Returns its end. */
  on<K extends keyof WidgetEvents>(name: K, listener: (event: WidgetEvents[K]) => void): () => void;
  /** Takes the widget away; `init` shows it again. */
  destroy(): void;
  /** A call as a list, `["open"]`: works before the script is there as well, on a plain array. */
  push(...calls: readonly (readonly [keyof PageApi, ...unknown[]])[]): void;
}

function tokenSource(token: string | (() => Promise<string>)): MountChatOptions["token"] {
  if (typeof token === "function" || token === "guest") return token;
  return async () => token;
}

/** `defaults`: what the script line says. */
export function createPageApi(defaults: WidgetOptions): PageApi {
  const events = new Emitter<WidgetEvents>();
  let widget: Widget | undefined;
  let options = defaults;
  const shown = () => {
    widget ??= new Widget(options, events);
    return widget;
  };
  const api: PageApi = {
    init(given = {}) {
      options = { ...options, ...given };
      widget?.[Symbol.dispose]();
      widget = undefined;
      shown();
    },
    identify(token) {
      const asked = tokenSource(token);
      options = { ...options, token: asked };
      widget?.identify(asked);
    },
    open: () => shown().open(),
    close: () => widget?.close(),
    toggle: () => (widget?.isOpen === true ? widget.close() : shown().open()),
    setContext: (context) => shown().setContext(context),
    setTheme(theme) {
      options = { ...options, theme };
      widget?.setTheme(theme);
    },
    on: (name, listener) => events.on(name, listener),
    destroy() {
      widget?.[Symbol.dispose]();
      widget = undefined;
    },
    push(...calls) {
      for (const [name, ...given] of calls) {
        const method = Object.hasOwn(api, name) ? api[name] : undefined;
        (method as ((...given: unknown[]) => unknown) | undefined)?.(...given);
      }
    },
  };
  return api;
}
