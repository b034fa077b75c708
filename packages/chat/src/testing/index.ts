export * from "./fake-anthropic.ts";
export * from "./fake-dify.ts";
export * from "./fake-function.ts";
export * from "./fake-openai.ts";
export * from "./fake-upstream.ts";
export * from "./ferretdb.ts";
export * from "./mongo-database.ts";
