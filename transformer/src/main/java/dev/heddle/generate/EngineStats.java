package dev.heddle.generate;

/**
 * What an {@link Engine} is doing, and has done since it was made.
 *
 * @param queued requests that wait
 * @param running requests whose sequences are in the cache
 * @param paused of these, those whose readers have enough to read
 * @param pages pages of the key/value cache
 * @param freePages those that hold nothing
 * @param keptPrefixes sequences that have ended and stay in the cache for others to begin with;
 *     their pages go to whoever needs them
 * @param requests requests that were handed in
 * @param refused requests that were not taken, as too many waited
 * @param ended requests that came to their end, whatever it was
 * @param failed those of them that failed
 * @param preempted how often a request had to give its pages up for another
 * @param steps runs of the network
 * @param promptTokens tokens that were taken in: of prompts, and of requests that came back
 * @param cachedTokens tokens of prompts that were in the cache already
 * @param generatedTokens tokens that were chosen
 * @param tokensPerSecond of these, in the last ten seconds
 * @param timeToFirstToken from when a request was handed in
 * @param timeBetweenTokens of one request
 */
public record EngineStats(
    int queued,
    int running,
    int paused,
    int pages,
    int freePages,
    int keptPrefixes,
    long requests,
    long refused,
    long ended,
    long failed,
    long preempted,
    long steps,
    long promptTokens,
    long cachedTokens,
    long generatedTokens,
    double tokensPerSecond,
    Latencies timeToFirstToken,
    Latencies timeBetweenTokens) {}
