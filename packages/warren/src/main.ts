import { run } from "@warren/host";
import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };

await run(async () => {
  const warren = new Command("warren")
    .description("Private clusters made reachable, over tunnels that are never cut.")
    .version(manifest.version)
    .exitOverride()
    .action(() => warren.outputHelp());
  try {
    await warren.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what was wrong.
    return error.exitCode === 0 ? "ok" : "usage";
  }
});
