#ifndef NEST_CCURL_H
#define NEST_CCURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <openssl/ssl.h>

// libcurl and its libssl are loaded by the first call of one of these functions, each of which is named after the function
// that it calls. curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, and what is passed must have exactly
// the type that the option expects: hence one function for each type.

CURLcode nest_curl_global_init(long flags);
const char *nest_curl_version(void);
const char *nest_curl_easy_strerror(CURLcode code);
time_t nest_curl_getdate(const char *text);

CURL *nest_curl_easy_init(void);
void nest_curl_easy_cleanup(CURL *easy);
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

struct curl_slist *nest_curl_slist_append(struct curl_slist *list, const char *text);
void nest_curl_slist_free_all(struct curl_slist *list);

CURLM *nest_curl_multi_init(void);
CURLMcode nest_curl_multi_cleanup(CURLM *multi);
CURLMcode nest_curl_set_multi_long(CURLM *multi, CURLMoption option, long value);
CURLMcode nest_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode nest_curl_multi_remove_handle(CURLM *multi, CURL *easy);
CURLMcode nest_curl_multi_perform(CURLM *multi, int *running);
CURLMsg *nest_curl_multi_info_read(CURLM *multi, int *remaining);
CURLMcode nest_curl_multi_poll(CURLM *multi, int milliseconds);
CURLMcode nest_curl_multi_wakeup(CURLM *multi);

CURLU *nest_curl_url(void);
void nest_curl_url_cleanup(CURLU *url);
CURLUcode nest_curl_url_get(const CURLU *url, CURLUPart part, char **text, unsigned int flags);
CURLUcode nest_curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags);
void nest_curl_free(void *memory);

void *nest_ssl_ctx_data(const SSL_CTX *context, int index);
int nest_ssl_ctx_set_data(SSL_CTX *context, int index, void *data);
void nest_ssl_ctx_set_verify(SSL_CTX *context, int mode, SSL_verify_cb callback);
SSL_CTX *nest_ssl_context(const SSL *session);
int nest_ssl_session_index(void);

#endif
