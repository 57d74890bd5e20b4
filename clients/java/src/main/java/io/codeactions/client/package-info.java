/**
 * The client of Code Actions, a service that stores snippets of Python, JavaScript, TypeScript and Go, runs them, and
 * follows their logs. Start with {@link io.codeactions.client.CodeActions}; the contract's messages are in {@code
 * io.codeactions.v1}.
 */
package io.codeactions.client;
