import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import { importX } from "eslint-plugin-import-x";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import tseslint from "typescript-eslint";

const noNodeRed = {
  "@typescript-eslint/no-restricted-imports": [
    "error",
    {
      patterns: [
        { group: ["node-red", "node-red/*", "@node-red/*", "@types/node-red*"], message: "Only nodes/ and lib/nodered/ know Node-RED." },
        { group: ["**/nodered/*"], message: "Only nodes/ and lib/nodered/ know Node-RED." },
      ],
    },
  ],
};

const globals = (...names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default tseslint.config(
  { ignores: ["dist/", "resources/", "node_modules/", ".cache/", ".node-red/", "bench/out/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { "import-x": importX },
    languageOptions: {
      parserOptions: { project: ["./tsconfig.json", "./tsconfig.editor.json"], tsconfigRootDir: import.meta.dirname },
    },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      "import-x/resolver-next": [createTypeScriptImportResolver({ project: "./tsconfig.json" })],
    },
    rules: {
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // a[i]! is how numerical code reads a typed array under noUncheckedIndexedAccess
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-empty-function": ["error", { allow: ["methods", "arrowFunctions"] }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  { files: ["lib/**/*.ts"], ignores: ["lib/nodered/**"], rules: noNodeRed },
  { files: ["test/**/*.ts"], rules: { "@typescript-eslint/only-throw-error": "off", "@typescript-eslint/prefer-promise-reject-errors": "off" } }, // what a test throws at the code
  {
    files: ["**/*.mjs", "**/*.cjs"],
    languageOptions: { globals: globals("console", "process", "Buffer", "URL", "setTimeout", "clearTimeout", "setImmediate", "performance", "fetch") },
  },
  { files: ["**/*.cjs"], languageOptions: { sourceType: "commonjs" } },
  prettier,
);
