/** Who wrote a file. A test keeps the version equal to package.json's. */
export const PRODUCER = "@millwright/node-red-ai";
export const VERSION = "0.1.0";
