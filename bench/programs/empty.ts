// A program that does nothing, compiled as config-manager is: what Bun takes for itself.

void 0;
