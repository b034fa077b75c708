import { forgetDrafts } from "@warren/client/widget";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Empty } from "../parts/empty.tsx";
import { Service, serviceBase } from "../service/service.ts";
import { askWho, isAboutToken, refusalText, type Account } from "./account.ts";
import { useExpiry } from "./expiry.ts";
import { useGuest } from "./guest.ts";
import { SignIn } from "./sign-in.tsx";
import { hasToken, TokenKeeper } from "./token-keeper.ts";

/** Somebody who was let in, and what they ask the service with. */
export interface Inside {
  readonly account: Account;
  readonly service: Service;
  /** One that lasts: asked for again where this page is framed and it is about to end. */
  readonly token: () => Promise<string>;
  readonly signOut: () => void;
}

export interface GateProps {
  what: string;
  isForAdmins?: boolean;
  children: (inside: Inside) => ComponentChildren;
}

type State =
  | { name: "looking" }
  | { name: "out"; why: string | undefined }
  | { name: "unreachable"; why: string }
  | { name: "in"; account: Account };

/** A framed page asks for another token so long before its own ends. */
const RENEW_MS = 60_000;

/** Lets in whoever has a token that the service takes, and says honestly why not where it does not. */
export function Gate({ what, isForAdmins = false, children }: GateProps) {
  const { state, keeper, service, look, comeIn, leave } = useAccount(isForAdmins);
  const guest = useGuest(service, !isForAdmins && state.name === "out");
  if (state.name === "looking") return <div class="page-wait" aria-busy="true" />;
  if (state.name === "unreachable") {
    return (
      <main>
        <Empty title="No connection to the service" text={state.why}>
          <Button kind="primary" onClick={() => void look()}>
            Try again
          </Button>
        </Empty>
      </main>
    );
  }
  if (state.name === "out") {
    const onGuest = guest && (() => void guest().then(comeIn, leave));
    return <SignIn {...{ what, isForAdmins, onGuest }} why={state.why} onToken={comeIn} />;
  }
  return children({
    account: state.account,
    service,
    token: () => lasting(keeper, state.account),
    signOut() {
      forgetDrafts();
      keeper.forget();
      leave(undefined);
    },
  });
}

/** Who is here, from the first look for a token on. */
function useAccount(isForAdmins: boolean) {
  const [state, setState] = useState<State>({ name: "looking" });
  const out = (why: string | undefined) => setState({ name: "out", why });
  const keeper = useKeeper(() => {
    forgetDrafts();
    out("You signed out in another tab.");
  });
  const service = useMemo(
    () => new Service(serviceBase(location.href), () => keeper.token),
    [keeper],
  );
  const look = useCallback(async () => {
    setState(await lookedAt(service, isForAdmins));
  }, [service, isForAdmins]);
  const comeIn = useCallback(
    (token: string) => {
      keeper.keep(token);
      void look();
    },
    [keeper, look],
  );
  useEffect(() => {
    void keeper.find().then((token) => (token === undefined ? out(undefined) : look()));
  }, [keeper, look]);
  useEffect(() => {
    // A link with a token that is followed where the page is already: only the fragment changes.
    const look = () => {
      if (hasToken(location.hash)) location.reload();
    };
    window.addEventListener("hashchange", look);
    return () => window.removeEventListener("hashchange", look);
  }, []);
  useExpiry(state.name === "in" ? state.account.expiresAtMs : undefined, async () => {
    const fresh = await keeper.fromParent();
    if (fresh === undefined) out("Your token has expired. Come in with a new one.");
    else comeIn(fresh);
  });
  const leave = (reason: unknown) => out(reason === undefined ? undefined : refusalText(reason));
  return { state, keeper, service, look, comeIn, leave };
}

function useKeeper(forgotten: () => void): TokenKeeper {
  const kept = useRef<TokenKeeper>(undefined);
  return (kept.current ??= new TokenKeeper(forgotten));
}

async function lookedAt(service: Service, isForAdmins: boolean): Promise<State> {
  try {
    const account = await askWho(service);
    if (!isForAdmins || account.isAdmin) return { name: "in", account };
    return {
      name: "out",
      why: `${account.name} is no admin: this page needs a token with the role admin.`,
    };
  } catch (reason) {
    const why = refusalText(reason);
    return isAboutToken(reason) ? { name: "out", why } : { name: "unreachable", why };
  }
}

async function lasting(keeper: TokenKeeper, { expiresAtMs }: Account): Promise<string> {
  if (expiresAtMs - Date.now() < RENEW_MS) {
    const fresh = await keeper.fromParent();
    if (fresh !== undefined) keeper.keep(fresh);
  }
  return keeper.token ?? "";
}
