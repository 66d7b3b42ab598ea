package dev.heddle.hub;

/**
 * What the hub says of a file before it is fetched.
 *
 * @param path its path in the model
 * @param commit the revision that it was found in
 * @param etag the SHA-256 of a large file, the name that git gives a small one, in hexadecimals; a
 *     mirror may have names of its own
 * @param size bytes; -1 where the server does not say
 */
record RemoteFile(String path, String commit, String etag, long size) {}
