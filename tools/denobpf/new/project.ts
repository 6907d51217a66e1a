/** What the files of a new tool depend on. */
export interface Project {
  /** The tool's name: small letters, digits, `_`. */
  readonly name: string;
  /** The version of this library. */
  readonly version: string;
  /** In which group of tools it is, of one of this repository. */
  readonly group?: string;
  /** How the tool imports the frame. */
  readonly frame: string;
  /** The checkout of the library that is linked, as a URL; undefined for a package of it. */
  readonly checkout: string | undefined;
  /** Whether npm has installed the package in the project's folder. */
  readonly installed: boolean;
}
