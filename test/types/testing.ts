/** Types of `tidypool/testing`. Checked by the compiler, never run. */
import { expectTypeOf } from 'expect-type'
import type { TidypoolError } from 'tidypool'
import {
  expectNoLeaks,
  watchLeaks,
  type Leak,
  type LeakError,
  type LeakKind,
} from 'tidypool/testing'

// The result is the function's.
expectTypeOf(expectNoLeaks(() => 7)).resolves.toEqualTypeOf<number>()
expectTypeOf(expectNoLeaks(async () => 'text')).resolves.toEqualTypeOf<string>()
expectTypeOf(expectNoLeaks(() => {})).resolves.toEqualTypeOf<void>()

void expectNoLeaks(() => {}, { allow: ['timer', /^process/], settleMs: 500 })
// @ts-expect-error a list is wanted
void expectNoLeaks(() => {}, { allow: /^process/ })
// @ts-expect-error no such option
void expectNoLeaks(() => {}, { timeoutMs: 500 })
// @ts-expect-error a function is wanted
void expectNoLeaks(Promise.resolve())

expectTypeOf(watchLeaks()).toExtend<Disposable>()
expectTypeOf(watchLeaks().check()).resolves.toEqualTypeOf<void>()

declare const error: LeakError
expectTypeOf(error).toExtend<TidypoolError>()
expectTypeOf<LeakError['code']>().toEqualTypeOf<'ERR_LEAK'>()
expectTypeOf(error.leaks).toEqualTypeOf<readonly Leak[]>()
expectTypeOf<'process'>().toExtend<LeakKind>()
