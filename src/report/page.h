#pragma once

/* web/page.html with its style and script, cut at {{title}} and {{content}}; made at build. */
extern const char page_before_title[];
extern const char page_before_content[];
extern const char page_after_content[];
