"""The file is not UTF-8 text.

Why it is bad: a letter that is read in another encoding is another letter, and half of them fail.

Example: a title in Cyrillic that was saved as windows-1251.

Use instead: save the file as UTF-8. An answer in another encoding is what `response.charset` is for.
"""
