/**
 * Models of the Hugging Face hub, fetched by its protocol into the cache folder that its own
 * libraries share.
 */
package dev.heddle.hub;
