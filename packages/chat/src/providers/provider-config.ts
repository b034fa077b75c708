import type { Secret } from "@warren/host";
import type { ContentMode } from "./cloud-event.ts";
import type { Prices } from "./costs.ts";

interface Common {
  id: string;
  name: string;
  /** The model's name over there; empty for its own default. */
  model: string;
  /** Undefined where nothing is known of costs. */
  prices: Prices | undefined;
}

/** One configured provider, frozen. */
export type ProviderConfig = Readonly<
  Common &
    (
      | { type: "openai" | "anthropic" | "dify"; endpoint: URL; apiKey: Secret }
      | { type: "function"; endpoint: URL; apiKey: Secret | undefined; mode: ContentMode }
      | { type: "demo" }
    )
>;

/** What answers where nothing is configured. */
export const DEMO_PROVIDER: ProviderConfig = Object.freeze({
  id: "demo",
  name: "Demo",
  type: "demo",
  model: "demo",
  prices: undefined,
});
