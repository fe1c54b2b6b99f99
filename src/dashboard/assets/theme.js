/** Before anything is painted: the theme that was chosen on this machine. */
const kept = localStorage.getItem('theme')
if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept
