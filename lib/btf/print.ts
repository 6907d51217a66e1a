import type { Btf } from "./layout.ts";
import type { TypeId } from "./types.ts";

/**
 * A type, or with `name` a declaration, as C writes it: `const volatile __u32 max_args`,
 * `char (*names)[16]`. A struct or union without a tag is `struct {...}`.
 */
export function printType(btf: Btf, id: TypeId, name = ""): string {
  return declare(btf, id, name).trimEnd();
}

/**
 * C's declarators read from the name outwards, so the text grows around `inner`, what is spelled so
 * far, while the walk goes from the outermost type to the one that has a name.
 */
function declare(btf: Btf, id: TypeId, inner: string): string {
  const type = btf.type(id);
  switch (type.kind) {
    case "void":
      return `void ${inner}`;
    case "struct":
    case "union":
    case "enum":
      return `${type.kind} ${type.name || "{...}"} ${inner}`;
    case "forward":
      return `${type.of} ${type.name} ${inner}`;
    case "pointer": {
      const target = btf.type(type.type).kind;
      const grouped = target === "array" || target === "prototype";
      return declare(btf, type.type, grouped ? `(*${inner})` : `*${inner}`);
    }
    case "array":
      return declare(btf, type.element, `${inner}[${type.length || ""}]`);
    case "const":
    case "volatile":
    case "restrict":
      return btf.type(type.type).kind === "pointer"
        ? declare(btf, type.type, `${type.kind} ${inner}`.trimEnd())
        : `${type.kind} ${declare(btf, type.type, inner)}`;
    case "type_tag":
    case "declaration_tag":
      return declare(btf, type.type, inner);
    case "prototype": {
      const parameters = type.parameters.map((parameter, at) =>
        parameter.type === 0 && at > 0 ? "..." : printType(btf, parameter.type, parameter.name)
      );
      return declare(btf, type.returns, `${inner}(${parameters.join(", ") || "void"})`);
    }
    case "variable":
    case "function":
      return declare(btf, type.type, type.name);
    default:
      return `${type.name === "_Bool" ? "bool" : type.name} ${inner}`;
  }
}
