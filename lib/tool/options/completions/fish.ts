import type { CompletedCommand } from "./completed_command.ts";
import { operandWords, type OptionWords, optionWords } from "./option_words.ts";

/** See complete(1) of fish. */
export function fishScript(program: string, commands: readonly CompletedCommand[]): string {
  const first = commands.map(({ name, brief }) =>
    `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${quote(brief)}`
  );
  return `function __${program}_runs
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end
complete -c ${program} -f
${[...first, ...commands.flatMap((command) => rules(program, command))].join("\n")}
`;
}

function rules(program: string, { name, options, operands = {} }: CompletedCommand): string[] {
  const when = `complete -c ${program} -n '__${program}_runs ${name}'`;
  const lines = optionWords(options).map((option) => `${when} ${rule(option)}`);
  const places = operandWords(operands).map(({ completes }) => completes);
  const words = places.flatMap((completes) => typeof completes === "string" ? [] : completes);
  if (words.length > 0) lines.push(`${when} -a ${quote(words.join(" "))}`);
  if (places.includes("files")) lines.push(`${when} -F`);
  return lines;
}

function rule(option: OptionWords): string {
  const letter = option.letter === "" ? "" : `-s ${option.letter} `;
  const long = option.long.map((name) => `-l ${name} `).join("");
  return `${letter}${long}${value(option)}-d ${quote(option.brief)}`;
}

function value({ value }: OptionWords): string {
  switch (value?.completes) {
    case undefined:
      return "";
    case "anything":
      return "-x ";
    case "files":
      return "-r -F ";
    case "users":
      return "-x -a '(__fish_complete_users)' ";
    default:
      return `-x -a ${quote(value!.completes.join(" "))} `;
  }
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
