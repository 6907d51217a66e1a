export { scenario } from "../bootstrap.scenario.ts";
