import { useState } from "preact/hooks";
import { useUi } from "./ui.ts";

/** Loads what is above the first message. `keepPlace`: what one reads stays where it is. */
export function Older({ keepPlace }: { keepPlace: () => () => void }) {
  const { conversation, texts } = useUi();
  const [isLoading, setLoading] = useState(false);
  const { session } = conversation;
  if (!session.hasOlder || session.state !== "live") return null;
  const load = async () => {
    setLoading(true);
    const nothingCame = keepPlace();
    if (!(await session.older())) nothingCame();
    setLoading(false);
  };
  return (
    <button type="button" class="pill older" disabled={isLoading} onClick={() => void load()}>
      {isLoading ? texts.loading : texts.earlier}
    </button>
  );
}
