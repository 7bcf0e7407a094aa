#ifndef NEST_CCURL_H
#define NEST_CCURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <openssl/ssl.h>

// libcurl's own functions are variadic and require an argument of exactly the option's type, so there is one function
// for each type.

CURLcode nest_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode nest_curl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode nest_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode nest_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value);
/// Sets an option to bytes, which libcurl copies.
CURLcode nest_curl_set_blob(CURL *easy, CURLoption option, void *bytes, size_t count);
CURLcode nest_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode nest_curl_set_write_function(CURL *easy, CURLoption option, curl_write_callback value);
CURLcode nest_curl_set_ssl_function(CURL *easy, CURLoption option, curl_ssl_ctx_callback value);
CURLcode nest_curl_get_long(CURL *easy, CURLINFO info, long *value);
CURLcode nest_curl_get_offset(CURL *easy, CURLINFO info, curl_off_t *value);
CURLcode nest_curl_get_string(CURL *easy, CURLINFO info, const char **value);
CURLMcode nest_curl_set_multi_long(CURLM *multi, CURLMoption option, long value);

/// `curl_url_get`, whose first parameter is `const` in newer headers.
CURLUcode nest_curl_url_get(CURLU *url, CURLUPart part, char **value, unsigned int flags);

#endif
