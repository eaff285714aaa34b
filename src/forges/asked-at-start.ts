import type { Dispatcher } from 'undici';

/**
 * Asks `may` when a request has its connection and before a byte of it is written: connecting takes seconds, in which what was allowed
 * before may have ended. What `may` throws, the request rejects with.
 */
export function askedAtStart(may: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (...started) => {
        may();
        handler.onRequestStart?.(...started);
      },
      onResponseStart: (...head) => handler.onResponseStart?.(...head),
      onResponseData: (...piece) => handler.onResponseData?.(...piece),
      onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
      onResponseError: (...failed) => handler.onResponseError?.(...failed),
    });
}
