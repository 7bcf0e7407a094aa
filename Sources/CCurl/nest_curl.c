#include "CCurl.h"

#include "CLoader.h"

#define CURL_FUNCTIONS(X)                                                                                                      \
    X(curl_easy_cleanup)                                                                                                       \
    X(curl_easy_getinfo)                                                                                                       \
    X(curl_easy_init)                                                                                                          \
    X(curl_easy_setopt)                                                                                                        \
    X(curl_easy_strerror)                                                                                                      \
    X(curl_free)                                                                                                               \
    X(curl_getdate)                                                                                                            \
    X(curl_global_init)                                                                                                        \
    X(curl_multi_add_handle)                                                                                                   \
    X(curl_multi_cleanup)                                                                                                      \
    X(curl_multi_info_read)                                                                                                    \
    X(curl_multi_init)                                                                                                         \
    X(curl_multi_perform)                                                                                                      \
    X(curl_multi_poll)                                                                                                         \
    X(curl_multi_remove_handle)                                                                                                \
    X(curl_multi_setopt)                                                                                                       \
    X(curl_multi_wakeup)                                                                                                       \
    X(curl_slist_append)                                                                                                       \
    X(curl_slist_free_all)                                                                                                     \
    X(curl_url)                                                                                                                \
    X(curl_url_cleanup)                                                                                                        \
    X(curl_url_get)                                                                                                            \
    X(curl_url_set)                                                                                                            \
    X(curl_version_info)

// Otherwise the calls below would be macros.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

NEST_LIBRARY("libcurl.so.4", CURL_FUNCTIONS)
NEST_NOTE_LIBRARY(nest_note_curl, "http", "libcurl.so.4");

NEST_FORWARD(CURLcode, curl_global_init, (long flags), (flags))

const char *nest_curl_version(void) {
    const curl_version_info_data *info = loaded()->curl_version_info(CURLVERSION_FIRST);
    return info ? info->version : NULL;
}

NEST_FORWARD(const char *, curl_easy_strerror, (CURLcode code), (code))
NEST_FORWARD(time_t, curl_getdate, (const char *text), (text, NULL))
NEST_FORWARD(CURL *, curl_easy_init, (void), ())
NEST_FORWARD(void, curl_easy_cleanup, (CURL *easy), (easy))

CURLcode nest_curl_set_long(CURL *easy, CURLoption option, long value) {
    return loaded()->curl_easy_setopt(easy, option, value);
}

CURLcode nest_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return loaded()->curl_easy_setopt(easy, option, value);
}

CURLcode nest_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return loaded()->curl_easy_setopt(easy, option, value);
}

CURLcode nest_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return loaded()->curl_easy_setopt(easy, option, value);
}

CURLcode nest_curl_set_blob(CURL *easy, CURLoption option, void *bytes, size_t count) {
    struct curl_blob blob = {.data = bytes, .len = count, .flags = CURL_BLOB_COPY};
    return loaded()->curl_easy_setopt(easy, option, &blob);
}

CURLcode nest_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return loaded()->curl_easy_setopt(easy, option, value);
}

CURLcode nest_curl_set_write_function(CURL *easy, CURLoption option, curl_write_callback value) {
    return loaded()->curl_easy_setopt(easy, option, value);
}

CURLcode nest_curl_set_ssl_function(CURL *easy, CURLoption option, curl_ssl_ctx_callback value) {
    return loaded()->curl_easy_setopt(easy, option, value);
}

CURLcode nest_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return loaded()->curl_easy_getinfo(easy, info, value);
}

CURLcode nest_curl_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return loaded()->curl_easy_getinfo(easy, info, value);
}

CURLcode nest_curl_get_string(CURL *easy, CURLINFO info, const char **value) {
    return loaded()->curl_easy_getinfo(easy, info, value);
}

NEST_FORWARD(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text), (list, text))
NEST_FORWARD(void, curl_slist_free_all, (struct curl_slist *list), (list))
NEST_FORWARD(CURLM *, curl_multi_init, (void), ())
NEST_FORWARD(CURLMcode, curl_multi_cleanup, (CURLM *multi), (multi))

CURLMcode nest_curl_set_multi_long(CURLM *multi, CURLMoption option, long value) {
    return loaded()->curl_multi_setopt(multi, option, value);
}

NEST_FORWARD(CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *easy), (multi, easy))
NEST_FORWARD(CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *easy), (multi, easy))
NEST_FORWARD(CURLMcode, curl_multi_perform, (CURLM *multi, int *running), (multi, running))
NEST_FORWARD(CURLMsg *, curl_multi_info_read, (CURLM *multi, int *remaining), (multi, remaining))
NEST_FORWARD(CURLMcode, curl_multi_poll, (CURLM *multi, int milliseconds), (multi, NULL, 0, milliseconds, NULL))
NEST_FORWARD(CURLMcode, curl_multi_wakeup, (CURLM *multi), (multi))
NEST_FORWARD(CURLU *, curl_url, (void), ())
NEST_FORWARD(void, curl_url_cleanup, (CURLU *url), (url))
NEST_FORWARD(CURLUcode, curl_url_get, (const CURLU *url, CURLUPart part, char **text, unsigned int flags), ((CURLU *)url, part, text, flags))
NEST_FORWARD(CURLUcode, curl_url_set, (CURLU *url, CURLUPart part, const char *text, unsigned int flags), (url, part, text, flags))
NEST_FORWARD(void, curl_free, (void *memory), (memory))
