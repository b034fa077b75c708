export * from "./joined-agent.ts";
