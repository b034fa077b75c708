import { guestToken } from "@warren/client/widget";
import { useEffect, useState } from "preact/hooks";
import type { Service } from "../service/service.ts";

/**
 * Tokens of the visitor of this device, whom the widget has too; undefined where none are let in, or nobody
 * asks.
 */
export function useGuest(service: Service, isAsked: boolean): (() => Promise<string>) | undefined {
  const [isLetIn, setLetIn] = useState(false);
  useEffect(() => {
    if (!isAsked) return;
    // Where that cannot be had a token can still be typed.
    void service.ask<{ guests: boolean }>("/pages.json").then(
      ({ guests }) => setLetIn(guests),
      () => setLetIn(false),
    );
  }, [service, isAsked]);
  return isLetIn && isAsked ? guestToken(service.base) : undefined;
}
