import config from "../../deno.json" with { type: "json" };

/** The version of this project. */
export const VERSION: string = config.version;
