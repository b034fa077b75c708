import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Mark } from "../parts/mark.tsx";
import "./sign-in.css";

export interface SignInProps {
  /** What this page is for: "your conversations". */
  what: string;
  /** For admins alone. */
  isForAdmins: boolean;
  /** Why nobody is signed in; undefined: nobody was before. */
  why: string | undefined;
  onToken: (token: string) => void;
  /** Undefined: guests are not let in here. */
  onGuest: (() => void) | undefined;
}

/** Asks for a token. It is typed into a password field: shoulders are looked over, screens are shared. */
export function SignIn({ what, isForAdmins, why, onToken, onGuest }: SignInProps) {
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const token = typed.replace(/\s+/g, "");
  const command = `npx warren chat token --user ${isForAdmins ? "ann --role admin" : "you"}`;
  return (
    <main class="sign-in">
      <form
        class="sign-in-card"
        onSubmit={(event) => {
          event.preventDefault();
          if (token !== "") onToken(token);
        }}
      >
        <Mark size={44} />
        <h1>Sign in</h1>
        <p class="muted">Come in with a token to see {what}.</p>
        {why !== undefined && (
          <p class="sign-in-why" role="alert">
            {why}
          </p>
        )}
        <label class="field">
          <span>Token</span>
          <input
            ref={field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="eyJhbGciOi…"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <Button kind="primary" type="submit" isWide disabled={token === ""}>
          Come in
        </Button>
        {onGuest && (
          <Button kind="plain" isWide onClick={onGuest}>
            Continue as a guest
          </Button>
        )}
        <p class="sign-in-hint muted">
          On your own machine, a token comes from
          <code>{command}</code>
        </p>
      </form>
    </main>
  );
}
