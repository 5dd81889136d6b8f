-- Numbers of figures, tables and equations, links to them, and alternative texts for the PDF.
-- Word gets the same numbers as plain text, so that both say the same.

local typst = FORMAT == 'typst'
local kinds = { fig = 'Figure', tbl = 'Table', eq = 'Equation', sec = 'Section' }
local counts = { fig = 0, tbl = 0, eq = 0 }
local labels = {}

local function quoted(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('\n', ' ') .. '"'
end

local function number(id)
  local kind = id:match('^(%a+)-')
  if counts[kind] and not labels[id] then
    counts[kind] = counts[kind] + 1
    labels[id] = kinds[kind] .. '\u{a0}' .. counts[kind]
  end
  return labels[id]
end

local function named_caption(el)
  local label = number(el.identifier)
  if label and #el.caption.long > 0 then
    local first = el.caption.long[1].content
    first:insert(1, pandoc.Space())
    first:insert(1, pandoc.Strong({ pandoc.Str(label .. '.') }))
  end
  return el
end

local sections = { 0, 0 }
local count = {
  traverse = 'topdown',
  Header = function(el)
    local title = pandoc.utils.stringify(el)
    if el.classes:includes('unnumbered') then
      labels[el.identifier] = 'Appendix “' .. title:gsub('^Appendix: ', '') .. '”'
    elseif el.level <= 2 then
      sections[el.level] = sections[el.level] + 1
      if el.level == 1 then sections[2] = 0 end
      local number = el.level == 1 and sections[1] or sections[1] .. '.' .. sections[2]
      labels[el.identifier] = kinds.sec .. '\u{a0}' .. number
    end
  end,
  Figure = named_caption,
  Table = named_caption,
  Div = function(el)
    if not el.classes:includes('equation') then return nil end
    local label = number(el.identifier)
    local says = el.attributes.says
    local numbered = '(' .. label:match('%d+') .. ')'
    if typst then
      el = el:walk({
        Math = function(math)
          return pandoc.Math('DisplayMath', math.text .. ' \\text{\u{2003}\u{2003}' .. numbered .. '}')
        end,
      })
      -- as wide as the page, so that the equation stands in its middle
      local opening = '#block(width: 100%)[#set math.equation(alt: ' .. quoted(says) .. ')'
      el.content:insert(1, pandoc.RawBlock('typst', opening))
      el.content:insert(pandoc.RawBlock('typst', '] <' .. el.identifier .. '>'))
      return el.content, false
    end
    -- between the tabs of a style of its own: what stands within an equation, LibreOffice moves up to its last term
    local tab = pandoc.RawInline('openxml', '<w:r><w:tab /></w:r>')
    el = el:walk({
      Math = function(math)
        return { tab, pandoc.Math('InlineMath', math.text), tab, pandoc.Str(numbered) }
      end,
    })
    el.attributes = { ['custom-style'] = 'Equation' }
    el.classes = {}
    return el, false
  end,
}

-- A table without a caption belongs to the words above it, so it does not float.
local function kept(el)
  if typst and #el.caption.long == 0 then
    local opening = '#[#set figure(placement: none)'
    return { pandoc.RawBlock('typst', opening), el, pandoc.RawBlock('typst', ']') }
  end
end

local resolve = {
  Link = function(el)
    local id = el.target:match('^#(.+)$')
    if id and #el.content == 0 then
      if not labels[id] then error('a link to nothing: #' .. id) end
      el.content = { pandoc.Str(labels[id]) }
    end
    return el
  end,
}

local alternatives = {
  Math = function(el)
    if typst and el.mathtype == 'InlineMath' then
      return {
        pandoc.RawInline('typst', '#[#set math.equation(alt: ' .. quoted(el.text) .. '); '),
        el,
        pandoc.RawInline('typst', ']'),
      }
    end
  end,
  Image = function(el)
    if typst then
      local width = el.attributes.width or '100%'
      local alt = el.attributes.alt or pandoc.utils.stringify(el.caption)
      return pandoc.RawInline('typst', '#image(' .. quoted(el.src) .. ', width: ' .. width .. ', alt: ' .. quoted(alt) .. ')')
    end
  end,
}

return { count, resolve, alternatives, { Table = kept } }
