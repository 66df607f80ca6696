// The runners of the examples are not installed here (runners.ts brings them where the examples run): no types.
declare module 'vitest'
declare module '@jest/globals'
