export { scenario } from "../minimal.scenario.ts";
