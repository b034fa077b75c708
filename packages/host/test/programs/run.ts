// Run by run.test.ts: ends in the way that its argument names.
import { ExitError, ListenError, pinoLog, run, systemClock } from "../../src/index.ts";

const [, , way] = process.argv;

await run(async ({ signal, logTo }) => {
  if (way === "logged" || way === "uncaught" || way === "rejected") {
    logTo(pinoLog({ level: "info", format: "json", to: 2, colours: false }));
  }
  if (way === "usage") throw new ExitError("usage", "--prot: unknown flag");
  if (way === "listen") throw new ListenError(80, "port 80 is in use");
  if (way === "bug" || way === "logged") throw new TypeError("a bug");
  if (way === "refused") return "refused";
  if (way === "uncaught")
    systemClock.after(0, () => {
      throw new TypeError("a bug");
    });
  if (way === "rejected") void Promise.reject(new TypeError("a bug"));
  if (way === "done") return;
  process.stdout.write("ready\n");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  process.stdout.write(`stopping on ${String(signal.reason)}\n`);
  if (way === "stubborn") await new Promise(() => {});
});
